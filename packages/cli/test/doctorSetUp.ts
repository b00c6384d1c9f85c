/** Set-ups for `kimi doctor`, and what it finds in them. */
import { createServer } from "node:net"
import { assert } from "@effect/vitest"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Check } from "../src/schemas/doctor.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

export const key = "sk-the-right-key"

export interface SetUp {
  readonly server: MockServer.MockServer["Service"]
  readonly folder: string
}

/** Runs `kimi doctor` on a set-up, and returns its checks. */
export const diagnose = <E>(
  envOf: (place: SetUp) => Effect.Effect<{ readonly [name: string]: string }, E, Scope.Scope>,
  args: ReadonlyArray<string> = []
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make({ apiKey: key })
      const folder = yield* temporaryFolder
      const env = { KIMI_BASE_URL: server.url, KIMI_API_KEY: key, ...(yield* envOf({ server, folder })) }
      const { code, stderr, stdout } = yield* runKimi(["doctor", "--json", ...args], { env })
      const { checks }: { readonly checks: ReadonlyArray<Check> } = JSON.parse(stdout)
      return { code, checks, text: stdout + stderr }
    })
  )

/** The checks that need attention, each of which names what to change. */
export const problemsOf = (checks: ReadonlyArray<Check>): ReadonlyArray<string> =>
  checks
    .filter(({ status }) => status === "problem" || status === "warning")
    .map(({ fix, message, name }) => {
      assert.isNotEmpty(fix ?? "")
      return `${name}: ${message}`
    })

/** A port on which nothing listens. */
export const closedPort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
