/** A host for commands, and the documented form of their output. */
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { schemas } from "../src/schemas/schemas.ts"

export const key = "sk-secret-of-the-test"

export const withServer = <A, E, R>(
  use: (server: MockServer.MockServer["Service"], env: { readonly [name: string]: string }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.flatMap(MockServer.make({ apiKey: key }), (server) =>
      use(server, { KIMI_BASE_URL: server.url, KIMI_API_KEY: key, KIMI_MAX_ATTEMPTS: "1", NO_PROXY: "*" })
    )
  )

/** Decodes the output as the documented schema of a command. */
export const decoded = <N extends keyof typeof schemas>(name: N, stdout: string): (typeof schemas)[N]["Type"] =>
  Schema.decodeUnknownSync(schemas[name] as Schema.Codec<(typeof schemas)[N]["Type"]>)(JSON.parse(stdout))
