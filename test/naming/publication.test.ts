import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatRecord, namesIn, reverseName, TYPE_PTR } from '../../control/naming/publication.ts';
import { zoneFiles } from '../../control/naming/zone-file.ts';
import { formatName, parseName } from '../../control/wire/dns/name.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';

const address = parseAddress;
const settings = { ttl: 300, ulidType: 65280 };
const h1 = {
  name: 'h1.bar.com',
  ulid: address('fc00:db8:1::1'),
  locators: [address('2001:db8:11::1'), address('2001:db8:12::1')],
};
const zones = ['bar.com', 'lab.bar.com', '1.0.0.0.8.b.d.0.0.0.c.f.ip6.arpa'].map(parseName);

describe('what is published', () => {
  it('is in the longest zone that holds the name', () => {
    const names = [
      ...namesIn(
        zones,
        [h1, { ...h1, name: 'x.lab.bar.com' }, { ...h1, name: 'elsewhere.net' }],
        settings,
      ).values(),
    ];
    const places = names.map(({ name, zone }) => `${formatName(name)} in ${formatName(zone)}`).sort();
    assert.deepEqual(places.slice(1), ['h1.bar.com in bar.com', 'x.lab.bar.com in lab.bar.com']);
    assert.match(places[0]!, /^1\.0\..*ip6\.arpa in 1\.0\.0\.0\.8/);
  });

  it('never has a CMULA, or any other address that is not routable, in an AAAA', () => {
    const locators = [
      ...h1.locators,
      h1.ulid,
      address('fe80::1'),
      address('fd00::1'),
      address('ff02::1'),
      address('::1'),
    ];
    const names = [...namesIn(zones, [{ ...h1, locators }], settings).values()];
    const aaaa = names.flatMap(({ records }) => records.filter(({ type }) => type === 28));
    assert.deepEqual(
      aaaa.map(({ data }) => data),
      h1.locators,
    );
  });

  it('leaves out hosts without a locator and names that cannot be', () => {
    for (const host of [
      { ...h1, locators: [] },
      { ...h1, name: 'a..b' },
      { ...h1, name: 'x'.repeat(300) },
    ])
      assert.equal(namesIn(zones, [host], settings).size, 0);
  });
});

describe('zone files', () => {
  it('have the same records, the ULID in the form of RFC 3597', () => {
    const [bar, lab, reverse] = zoneFiles(zones, [h1], settings);
    assert.equal(
      bar!.text,
      [
        'h1.bar.com. 300 IN AAAA 2001:db8:11::1',
        'h1.bar.com. 300 IN AAAA 2001:db8:12::1',
        'h1.bar.com. 300 IN TYPE65280 \\# 16 fc000db8000100000000000000000001\n',
      ].join('\n'),
    );
    assert.equal(lab!.text, '');
    assert.match(
      reverse!.text,
      /^1\.0\.0[0-9a-f.]*8\.b\.d\.0\.0\.0\.c\.f\.ip6\.arpa\. 300 IN PTR h1\.bar\.com\.\n$/,
    );
  });

  it('are loaded by BIND and NSD, included in a zone', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pshim6-zones-'));
    try {
      for (const { zone, text } of zoneFiles(zones, [h1, { ...h1, name: 'H2.lab.bar.com' }], settings)) {
        const [included, file] = [join(directory, 'included'), join(directory, 'zone')];
        writeFileSync(included, text);
        const head = `${zone}. 300 IN SOA ns.example. root.example. 1 60 60 60 60\n${zone}. 300 IN NS ns.example.\n`;
        writeFileSync(file, `${head}$INCLUDE ${included}\n`);
        const loaded = execFileSync('named-checkzone', ['-q', '-s', 'full', '-o', '-', '-D', zone, file], {
          encoding: 'utf8',
        });
        // The same records, besides the two that the zone had before.
        const words = (lines: string) =>
          lines
            .toLowerCase()
            .trim()
            .split('\n')
            .map((line) => line.replace(/\s+/g, ' '));
        assert.deepEqual(
          words(loaded)
            .filter((line) => !/ in (soa|ns) /.test(line))
            .sort(),
          text === '' ? [] : words(text).sort(),
        );
        execFileSync('nsd-checkzone', [zone, file]);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('escape what a name may hold', () => {
    const record = { name: parseName('a\\"b.bar.com'), type: TYPE_PTR, data: parseName('h\\;1.bar.com') };
    assert.equal(
      formatRecord(record, 5, (name) => `${formatName(name)}.`),
      'a\\"b.bar.com. 5 IN PTR h\\;1.bar.com.',
    );
  });

  it('know the reverse name of a prefix', () => {
    assert.equal(formatName(reverseName(address('2001:db8:11::'), 48)), '1.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa');
  });
});
