import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, only, question, RESOLVERS, response, Scene } from './harness.ts';

const NAME = 'text.foo.com';
const ask = (scene: Scene, id: number) => scene.ask(question('TXT', `n${id}.${NAME}`, { id }))[0]!;
const states = (scene: Scene) => scene.alg.resolvers.map(({ state }) => state);

describe('resolvers', () => {
  it('in order: the first gets every question while it answers', () => {
    const scene = new Scene();
    for (let id = 0; id < 5; id++) {
      const query = ask(scene, id);
      assert.deepEqual(query.resolver, RESOLVERS[0]);
      scene.reply(query, response(query));
    }
    assert.deepEqual(states(scene), ['up', 'up']);
  });

  it('one that leaves a question unanswered is not asked first, until a probe shows that it is back', () => {
    const scene = new Scene();
    const first = ask(scene, 1);
    const [second] = only(scene.advance(800), 'query-upstream');
    assert.deepEqual(second!.resolver, RESOLVERS[1]);
    scene.reply(second!, response(second!));
    assert.deepEqual(states(scene), ['down', 'up']);
    const third = ask(scene, 2);
    assert.deepEqual(third.resolver, RESOLVERS[1]);
    scene.reply(third, response(third));

    const [probe] = only(scene.advance(1000), 'query-upstream').filter(
      ({ resolver }) => resolver === first.resolver,
    );
    assert.deepEqual(decode(probe!.message).questions, [{ name: '.', type: 'NS', class: 'IN' }]);
    scene.reply(probe!, response(probe!));
    assert.deepEqual(states(scene), ['up', 'up']);
    assert.deepEqual(ask(scene, 3).resolver, RESOLVERS[0]);
  });

  it('probes come less and less often, half a minute apart at most', () => {
    const scene = new Scene({}, [RESOLVERS[0]!]);
    ask(scene, 1);
    const times: number[] = [];
    while (scene.now < 120_000) {
      const at = scene.alg.nextTimeout()!;
      const effects = scene.advance(at - scene.now);
      const probes = only(effects, 'query-upstream').filter(
        ({ message }) => decode(message).questions?.[0]?.type === 'NS',
      );
      if (probes.length > 0) times.push(scene.now);
      assert.ok(scene.alg.upstreamInFlight <= 5);
    }
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    assert.deepEqual(gaps.slice(0, 5), [2000, 4000, 8000, 16_000, 30_000]);
  });

  it('a late answer of one that seemed down is one', () => {
    const scene = new Scene();
    const first = ask(scene, 1);
    scene.advance(800);
    assert.deepEqual(states(scene), ['down', 'up']);
    scene.reply(first, response(first));
    assert.deepEqual(states(scene), ['up', 'up']);
    scene.advance(1000);
    scene.assertIdle();
  });

  it('one that answers others is up, however long a single name takes', () => {
    const scene = new Scene();
    const slow = ask(scene, 1);
    scene.now += 400;
    const quick = ask(scene, 2);
    scene.reply(quick, response(quick));
    scene.advance(400);
    assert.deepEqual(states(scene), ['up', 'up']);
    scene.reply(slow, response(slow));
  });

  it('one whose socket fails is down at once', () => {
    const scene = new Scene();
    const first = ask(scene, 1);
    scene.alg.handleUpstreamFailure(scene.now, first.query);
    const [second] = only(scene.effects(), 'query-upstream');
    assert.deepEqual(second!.resolver, RESOLVERS[1]);
    assert.deepEqual(states(scene), ['down', 'up']);
  });

  it('the last attempt goes over TCP: UDP may not pass', () => {
    const scene = new Scene();
    const first = ask(scene, 1);
    const others = [800, 800, 800].flatMap((wait) => only(scene.advance(wait), 'query-upstream'));
    const attempts = [first, ...others].filter(
      ({ message }) => decode(message).questions?.[0]?.name.endsWith(NAME) === true,
    );
    assert.deepEqual(
      attempts.map(({ transport }) => transport),
      ['udp', 'udp', 'udp', 'tcp'],
    );
    assert.equal(only(scene.reply(attempts[3]!, response(attempts[3]!)), 'answer').length, 1);
  });

  it('all down: each is asked in turn all the same', () => {
    const scene = new Scene();
    ask(scene, 1);
    for (let time = 0; time < 5; time++) scene.advance(800);
    assert.deepEqual(states(scene), ['down', 'down']);
    const query = ask(scene, 2);
    assert.ok(decode(query.message).questions?.[0]?.name.endsWith(NAME));
  });
});
