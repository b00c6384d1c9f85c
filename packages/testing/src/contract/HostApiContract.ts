/**
 * The tests that every `HostApi` passes.
 *
 * **Example** (The contract for an API over HTTP)
 *
 * ```ts
 * describe("an API over HTTP", () => {
 *   HostApiContract.suite(it, (response) =>
 *     Effect.gen(function* () {
 *       const server = yield* MockServer.make()
 *       yield* server.replyAt("GET /v1/contract", replyOf(response))
 *       yield* server.replyAt("POST /v1/contract", replyOf(response))
 *       return { api: apiOf(server.url), requests: server.requests, aborted: server.aborted }
 *     })
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import { HostApi } from "@kimi-effect/client/HostApi"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { bounded } from "./internal/bounded.ts"
import { equal, failureOf } from "./internal/expect.ts"
import * as requests from "./internal/hostApi/requests.ts"
import * as responses from "./internal/hostApi/responses.ts"
import { get, type Host, type Response, type Subject } from "./internal/hostApi/Subject.ts"
import type { It } from "./TestRunner.ts"

export type { Host, Received, Response } from "./internal/hostApi/Subject.ts"

const build = (layer: Layer.Layer<HostApi, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, HostApi))

/**
 * Registers the tests with the runner's `it`. `make` starts a host that responds
 * in one way; every test has its own.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (it: It, make: (response: Response) => Effect.Effect<Host, unknown, Scope.Scope>): void => {
  const subject: Subject = {
    test: (name, response, test) =>
      bounded(it).live(name, () =>
        Effect.gen(function* () {
          const host = yield* make(response)
          yield* test({ ...host, api: yield* build(host.api) })
        })
      )
  }
  requests.register(subject)
  responses.register(subject)
}

/**
 * Registers the tests of an API that offers no operation.
 *
 * @category suites
 * @since 0.1.0
 */
export const suiteOff = (it: It, layer: Layer.Layer<HostApi, unknown>): void => {
  const refusal = Effect.flatMap(build(layer), (api) => failureOf(api.request(get), "the request succeeded"))

  bounded(it).effect("fails every request as an operation that it does not offer", () =>
    Effect.map(refusal, ({ _tag }) => equal(_tag, "UnsupportedOperationError"))
  )

  bounded(it).effect("names the operation that it does not offer", () =>
    Effect.map(refusal, (error) => equal("operation" in error ? error.operation : undefined, "contract"))
  )
}
