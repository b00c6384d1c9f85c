/**
 * Redis for tests: the one that runs on this machine, and private servers that
 * can be killed.
 *
 * Suites are skipped where there is none, with a line on stderr; `.ci/run`
 * fails when a test was skipped.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { connect as connectSocket, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { Data, Effect } from "effect"
import type * as Scope from "effect/Scope"
import * as Redis from "../../../src/node/Redis.ts"

const host = "127.0.0.1"

/** The port of the Redis that runs on this machine. */
export const port = 6379

const answers = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket({ host, port })
    const end = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.setTimeout(2_000, () => end(false))
    socket.once("error", () => end(false))
    socket.once("connect", () => socket.write("PING\r\n"))
    socket.once("data", (data) => end(`${data}`.startsWith("+PONG")))
  })

const reported = (isThere: boolean, what: string): boolean => {
  if (!isThere) process.stderr.write(`\nSKIPPED, and not verified here: ${what}\n`)
  return isThere
}

/** Whether a Redis runs on this machine. */
export const reachable: boolean = reported(await answers(), `tests with Redis, since none answers at ${host}:${port}`)

/** Whether private servers can be run. */
export const hasServer: boolean = reported(
  spawnSync("redis-server", ["--version"]).status === 0,
  "tests of Redis outages, since there is no redis-server"
)

/** The beginning of keys that no other test uses. */
export const uniquePrefix = (): string => `kimi-effect-test:${randomUUID()}:`

/** The address of a server on this machine. */
export const urlOf = (to: number = port): string => `redis://${host}:${to}`

/** A connection, as each process has one. It is open as long as the scope. */
export const connect = (
  to: number = port
): Effect.Effect<Redis.Redis["Service"], Redis.RedisError | ConfigurationError, Scope.Scope> =>
  Redis.connect({ url: urlOf(to) })

/** A prefix that no other test uses. Its keys are removed with the scope. */
export const ownPrefix: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(uniquePrefix),
  (prefix) =>
    Effect.scoped(
      Effect.gen(function* () {
        const redis = yield* connect()
        const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)
        if (keys.length > 0) yield* redis.send("DEL", ...keys)
      })
    ).pipe(Effect.ignore)
)

/** A private server could not be run. */
class RedisServerError extends Data.TaggedError("RedisServerError")<{ readonly message: string }> {}

/** A private `redis-server`, which keeps no data across a restart. */
export interface PrivateRedis {
  readonly port: number
  /** Kills it and waits until it has exited. */
  readonly kill: Effect.Effect<void>
  /** Starts it again on the same port and waits until it replies. */
  readonly restart: Effect.Effect<void, RedisServerError>
  /** Suspends it: connections stay open without replies. */
  readonly pause: Effect.Effect<void>
  /** Continues it. */
  readonly resume: Effect.Effect<void>
}

const freePort: Effect.Effect<number, RedisServerError> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, host, () => {
    const address = server.address()
    server.close(() =>
      resume(
        typeof address === "object" && address !== null
          ? Effect.succeed(address.port)
          : Effect.fail(new RedisServerError({ message: "no free port" }))
      )
    )
  })
})

const start = (on: number, dir: string): Effect.Effect<ChildProcess, RedisServerError> =>
  Effect.callback<ChildProcess, RedisServerError>((resume) => {
    const args = ["--port", `${on}`, "--bind", host, "--dir", dir, "--save", "", "--appendonly", "no"]
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] })
    let output = ""
    const fail = (reason: string): void =>
      resume(
        Effect.fail(new RedisServerError({ message: `redis-server on port ${on} ${reason}: ${output.slice(-500)}` }))
      )
    child.once("error", (error) => fail(`did not start, ${error.message}`))
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal}`))
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text
      if (output.includes("Ready to accept connections")) resume(Effect.succeed(child))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(
    Effect.timeoutOrElse({
      duration: "10 seconds",
      orElse: () => Effect.fail(new RedisServerError({ message: `redis-server on port ${on} is not ready` }))
    })
  )

const killed = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

/** A private server on a free port, removed with the scope. */
export const privateRedis: Effect.Effect<PrivateRedis, RedisServerError, Scope.Scope> = Effect.gen(function* () {
  const dir = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-effect-redis-"))),
    (dir) => Effect.sync(() => rmSync(dir, { recursive: true, force: true }))
  )
  const begin = Effect.gen(function* () {
    const port = yield* freePort
    return { port, child: yield* start(port, dir) }
  })
  // Another process may take the port before the server does.
  const server = yield* Effect.acquireRelease(Effect.retry(begin, { times: 3 }), (server) => killed(server.child))
  const signal = (name: NodeJS.Signals) => Effect.sync(() => server.child.kill(name))
  return {
    port: server.port,
    kill: Effect.suspend(() => killed(server.child)),
    restart: Effect.uninterruptible(
      Effect.map(Effect.interruptible(start(server.port, dir)), (child) => {
        server.child = child
      })
    ),
    pause: signal("SIGSTOP"),
    resume: signal("SIGCONT")
  }
})
