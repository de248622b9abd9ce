import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Follower, type Link } from "./follower";
import { frame, ScriptedServer } from "./script";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function follow(server: ScriptedServer) {
  const names: string[] = [];
  const links: Link[] = [];
  let numFresh = 0;
  const follower = new Follower(
    "/events",
    {
      onFrame: ({ name }) => names.push(name),
      onLink: (link) => links.push(link),
      onFresh: () => {
        numFresh += 1;
      },
    },
    server,
  );
  return { names, links, follower, numFresh: () => numFresh };
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** Let seconds pass, with a sign of life every ten. */
async function lively(server: ScriptedServer, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    if (second % 10 === 0) {
      server.stream.send(": alive\n\n");
    }
    await settle(1_000);
  }
}

test("a stream begins at the present, and a cut one goes on behind the last whole frame", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  expect(server.asked[0]).toMatchObject({ url: "/events?after=now", lastId: null });
  server.stream.send("id: 3-7\n\n");
  server.stream.send(frame("3-8", "training.log", {}) + "id: 3-9\nevent: lost\nda");
  await settle();
  server.stream.cut();
  await settle();
  expect(seen.links.at(-1)).toBe("interrupted");
  await settle(2_000);
  expect(server.asked[1]).toMatchObject({ url: "/events", lastId: "3-8" });
  server.stream.send(": alive\n\n");
  await settle();
  expect(seen.links.at(-1)).toBe("live");
  expect(seen.names).toEqual(["training.log"]);
  expect(seen.numFresh()).toBe(1);
});

test("it waits longer for a server that stays away, and finds it when it is back", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  server.stream.send(frame("1-1", "a", {}));
  await settle();
  server.answers = ["nothing", 503, "nothing", 502];
  server.stream.close();
  // Five waits are at most 23.25 s, and the fifth request's stream may be silent for 40 s.
  await settle(30_000);
  expect(server.asked.length).toBe(2);
  expect(server.asked[1]?.lastId).toBe("1-1");
  server.stream.send(frame("1-2", "b", {}));
  await settle();
  expect(seen.links.at(-1)).toBe("live");
  expect(seen.names).toEqual(["a", "b"]);
});

test.each(["end", "204"])("after the end (%s) nobody asks again", async (how) => {
  const server = new ScriptedServer();
  server.answers = how === "204" ? [204] : [];
  const seen = follow(server);
  await settle();
  if (how === "end") {
    server.stream.send(frame("1-1", "training.completed", {}) + frame(null, "end", { status: "completed" }));
  }
  await settle();
  expect(seen.links.at(-1)).toBe("ended");
  server.hide(true);
  server.hide(false);
  await settle(600_000);
  expect(server.asked.length).toBe(how === "end" ? 1 : 0);
  expect(seen.links.at(-1)).toBe("ended");
});

test("a job that is not there is not asked for again", async () => {
  const server = new ScriptedServer();
  server.answers = [404];
  const seen = follow(server);
  await settle(600_000);
  expect(seen.links.at(-1)).toBe("refused");
  expect(server.asked).toEqual([]);
  expect(seen.numFresh()).toBe(0);
});

test("a connection that says nothing for 40 seconds is given up", async () => {
  const server = new ScriptedServer();
  follow(server);
  await settle();
  server.stream.send(frame("1-1", "a", {}));
  await settle(30_000);
  server.stream.send(": alive\n\n");
  await settle(39_000);
  expect(server.asked.length).toBe(1);
  await settle(3_000);
  expect(server.asked.length).toBe(2);
  expect(server.asked[0]?.signal?.aborted).toBe(true);
});

test("a page that is hidden for long lets go of its connection, and reads all anew when it is looked at", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  server.stream.send(frame("1-1", "a", {}));
  server.hide(true);
  await lively(server, 59);
  expect(server.asked[0]?.signal?.aborted).toBe(false);
  server.hide(false);
  server.hide(true);
  await lively(server, 61);
  expect(server.asked[0]?.signal?.aborted).toBe(true);
  expect(seen.links.at(-1)).toBe("resting");
  await settle(600_000);
  expect(server.asked.length).toBe(1);
  server.hide(false);
  await settle();
  expect(server.asked[1]).toMatchObject({ url: "/events?after=now", lastId: null });
  expect(seen.numFresh()).toBe(2);
});

test("a place of another ledger is forgotten", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  server.stream.send(frame("90-900", "a", {}));
  await settle();
  server.stream.cut();
  await settle(2_000);
  server.stream.send("id: 0-0\n\n" + frame(null, "resync", {}) + frame("0-1", "old", {}));
  await settle();
  expect(seen.names).toEqual(["a"]);
  expect(server.asked[2]).toMatchObject({ url: "/events?after=now", lastId: null });
  expect(seen.numFresh()).toBe(2);
});

test("a client that fell behind is told, and goes on", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  server.stream.send(frame("1-1", "a", {}) + frame(null, "resync", {}) + frame("1-2", "b", {}));
  await settle();
  expect(seen.names).toEqual(["a", "b"]);
  expect(server.asked.length).toBe(1);
});

test("closing lets go of everything", async () => {
  const server = new ScriptedServer();
  const seen = follow(server);
  await settle();
  server.stream.send(frame("1-1", "a", {}));
  await settle();
  seen.follower.close();
  await settle(600_000);
  expect(server.asked.length).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
