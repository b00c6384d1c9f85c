/**
 * A Redis for admission in memory: the obvious count in place of the script,
 * and it can be made to fail, to say nothing, and to forget.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import * as Redis from "../../../src/Redis.ts"
import * as Admission from "../../../src/resilience/Admission.ts"

export interface Remote {
  /** What becomes of commands: an answer, an error, or nothing. */
  mode: "up" | "failing" | "silent"
  /** What each command takes; commands are done half-way. With none they are done before they are waited for. */
  delay: Duration.Duration
  /** Commands by the name of their operation, whatever became of them. */
  readonly asked: Array<string>
  /** What counts by now. */
  readonly spent: Effect.Effect<{ readonly requests: number; readonly tokens: number }>
  readonly places: Set<string>
  /** The limits that were told last: concurrency, requests, tokens, tokens per day. */
  limits: ReadonlyArray<number>
  forget: () => void
  readonly redis: Redis.Redis["Service"]
}

interface Count {
  readonly at: number
  readonly requests: number
  readonly tokens: number
}

const died = Effect.fail(Redis.fromCause("admission", new Error("gone")))

export const makeRemote = (): Remote => {
  let generation = 0
  let counts: Array<Count> = []
  let paused = 0
  const told = new Map<string, Count>()

  const within = (now: number, window: number) => {
    const live = counts.filter(({ at }) => at + window > now)
    return {
      requests: live.reduce((sum, { requests }) => sum + requests, 0),
      tokens: live.reduce((sum, { tokens }) => sum + tokens, 0)
    }
  }

  const done = (args: ReadonlyArray<string | number>, now: number): ReadonlyArray<unknown> => {
    const [op, known, process, place] = args.slice(0, 4).map(String)
    const [requests = 0, tokens = 0, minute = 0, day = 0, ...rest] = args.slice(5).map(Number)
    const current = `generation ${generation}`
    let status = "ok"
    let wait = 0
    if (op !== "report" && known !== "" && known !== current) status = "lost"
    else if (op === "leave") {
      self.places.delete(`${place}`)
      paused = Math.max(paused, now + (rest[0] ?? 0))
    } else if (op === "renew") {
      const names = args.slice(10).map(String)
      for (const name of names.slice(0, rest[0])) self.places.add(name)
      for (const name of names.slice(rest[0])) self.places.delete(name)
    } else if (op === "report") {
      const before = told.get(`${process}`)
      const [fromRequests = 0, fromTokens = 0, lately = 0, latelyTokens = 0] = rest
      if (before === undefined && known !== current) counts.push({ at: now, requests: lately, tokens: latelyTokens })
      else {
        const base = before ?? { requests: fromRequests, tokens: fromTokens }
        counts.push({ at: now, requests: requests - base.requests, tokens: tokens - base.tokens })
      }
      told.set(`${process}`, { at: now, requests, tokens })
    } else {
      self.limits = rest
      counts = counts.filter(({ at, requests, tokens }) => at + day > now && requests + tokens > 0)
      const [places = -1, most = -1, mostTokens = -1, mostDaily = -1] = rest
      const used = within(now, minute)
      const isOver = (limit: number, amount: number) => limit >= 0 && amount > limit
      wait = Math.max(0, paused - now)
      if (isOver(most, used.requests + 1) || isOver(mostTokens, used.tokens + tokens)) {
        wait = Math.max(wait, (counts.find(({ at }) => at + minute > now)?.at ?? now) + minute - now)
      }
      if (isOver(mostDaily, within(now, day).tokens + tokens)) wait = Math.max(wait, (counts[0]?.at ?? now) + day - now)
      if (isOver(places, self.places.size + 1)) status = "full"
      else if (wait > 0) status = "wait"
      else {
        counts.push({ at: now, requests: 1, tokens })
        self.places.add(`${place}`)
      }
    }
    const used = within(now, minute)
    return [status, wait, current, 0, used.requests, used.tokens, within(now, day).tokens, self.places.size]
  }

  const command = (args: ReadonlyArray<string | number>) =>
    Effect.suspend(() => {
      self.asked.push(`${args[0]}`)
      if (self.mode === "failing") return died
      if (self.mode === "silent") return Effect.never
      if (Duration.isZero(self.delay)) return Effect.map(Clock.currentTimeMillis, (now) => done(args, now))
      const half = Duration.times(self.delay, 0.5)
      return Effect.sleep(half).pipe(
        Effect.andThen(Effect.map(Clock.currentTimeMillis, (now) => done(args, now))),
        Effect.tap(() => Effect.sleep(half))
      )
    })

  const self: Remote = {
    mode: "up",
    delay: Duration.millis(2),
    asked: [],
    spent: Effect.map(Clock.currentTimeMillis, (now) => within(now, 61_000)),
    places: new Set(),
    limits: [],
    forget: () => {
      generation += 1
      counts = []
      paused = 0
      told.clear()
      self.places.clear()
    },
    redis: {
      send: () => Effect.die("not used here"),
      run: (_script, _keys, args) => command(args) as never
    }
  }
  return self
}

/** The door of one process, as long as the scope lives. */
export const doorTo = (remote: Remote, options: Admission.RedisOptions) =>
  Effect.map(
    Layer.build(
      Layer.fresh(Admission.layerRedis(options).pipe(Layer.provide(Layer.succeed(Redis.Redis, remote.redis))))
    ),
    (services) => Admission.Admission.pipe(Effect.provide(services))
  ).pipe(Effect.flatten)
