/**
 * The PostgreSQL of this machine for tests, and a proxy before it that stops and
 * ends connections.
 *
 * Suites are skipped where there is none, with a line on stderr; `.ci/run`
 * fails when a test was skipped.
 */
import { randomUUID } from "node:crypto"
import { createServer, connect as connectSocket, type Socket } from "node:net"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Effect, Exit, Redacted, type Scope } from "effect"

const host = "127.0.0.1"
const port = 5432

/** The user and the database, which `ops/compose.yaml` starts or a machine has. */
const logins = ["postgres@HOST/kimi", "root@HOST/test", "postgres@HOST/postgres"]

/** The address of the server through a port of this machine. */
const urlOf = (login: string, through: number): string => `postgres://${login.replace("HOST", `${host}:${through}`)}`

const run = (url: string, sql: string) =>
  Effect.scoped(Effect.flatMap(PgConnection.make({ url: Redacted.make(url) }), (one) => one.query(sql)))

const findLogin = async (): Promise<string | undefined> => {
  for (const login of logins) {
    if (Exit.isSuccess(await Effect.runPromiseExit(run(urlOf(login, port), "SELECT 1")))) return login
  }
  return undefined
}

const login = await findLogin()

/** Whether a PostgreSQL runs on this machine. */
export const reachable: boolean = login !== undefined

if (!reachable) {
  process.stderr.write(
    `\nSKIPPED, and not verified here: tests with PostgreSQL, since none accepts ${logins.join(" or ").replaceAll("HOST", host)}\n`
  )
}

export const url = urlOf(login ?? "", port)

/** Runs a statement past the journal. */
export const query = (sql: string) => run(url, sql)

/** Ends the connections of a name as a server that shuts down ends them, and waits until they have ended. */
export const terminate = (applicationName: string) =>
  query(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '${applicationName}'`)

/** A schema that no other test uses. It is removed with the scope. */
export const ownSchema: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => `kimi_test_${randomUUID().replaceAll("-", "")}`),
  (schema) => Effect.ignore(run(url, `DROP SCHEMA IF EXISTS ${schema} CASCADE`))
)

/** A proxy before the server. */
export interface Proxy {
  readonly url: string
  /** Stops the bytes of the connections that are open, which stay open. */
  readonly hang: Effect.Effect<void>
  /** Ends all connections; new ones are refused until `accept`. */
  readonly end: Effect.Effect<void>
  readonly accept: Effect.Effect<void>
  /** Ends a connection in place of the next answer of the server. */
  readonly loseAnswer: Effect.Effect<void>
}

export const proxy: Effect.Effect<Proxy, never, Scope.Scope> = Effect.acquireRelease(
  Effect.callback<Proxy & { readonly close: () => void }>((resume) => {
    const sockets = new Set<Socket>()
    let isOpen = true
    let losesAnswer = false
    const forward = (from: Socket, to: Socket, isAnswer: boolean): void => {
      sockets.add(from)
      from.on("data", (data) => {
        if (!isAnswer || !losesAnswer) return to.write(data)
        losesAnswer = false
        return from.destroy()
      })
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    const server = createServer((client) => {
      if (!isOpen) return client.destroy()
      const upstream = connectSocket({ host, port })
      forward(client, upstream, false)
      forward(upstream, client, true)
    })
    const end = (): void => {
      isOpen = false
      for (const socket of sockets) socket.destroy()
    }
    server.listen(0, host, () => {
      const address = server.address()
      const through = typeof address === "object" && address !== null ? address.port : 0
      resume(
        Effect.succeed({
          url: urlOf(login ?? "", through),
          hang: Effect.sync(() => {
            for (const socket of sockets) socket.pause()
          }),
          end: Effect.sync(end),
          accept: Effect.sync(() => void (isOpen = true)),
          loseAnswer: Effect.sync(() => void (losesAnswer = true)),
          close: () => {
            end()
            server.close()
          }
        })
      )
    })
  }),
  ({ close }) => Effect.sync(close)
)
