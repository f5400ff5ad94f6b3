/** A moment of the box's monotonic clock as a date, ISO 8601. */
export const dateOf = (moment: number | undefined): string | null =>
  moment === undefined ? null : new Date(performance.timeOrigin + moment).toISOString();
