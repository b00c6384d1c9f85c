/**
 * The tests that every `ChatTransport` passes.
 *
 * **Example** (The contract for a transport over HTTP)
 *
 * ```ts
 * describe("a transport over HTTP", () => {
 *   ChatTransportContract.suite(it, (behavior) =>
 *     Effect.gen(function* () {
 *       const server = yield* MockServer.make()
 *       yield* server.replyAlways(replyOf(behavior))
 *       return {
 *         transport: transportTo(server.url),
 *         requests: Effect.map(server.requests, ({ length }) => length),
 *         aborted: server.aborted
 *       }
 *     })
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { bounded } from "./internal/bounded.ts"
import * as failures from "./internal/chatTransport/failures.ts"
import * as requests from "./internal/chatTransport/requests.ts"
import * as responses from "./internal/chatTransport/responses.ts"
import type { Behavior, Host, Subject } from "./internal/chatTransport/Subject.ts"
import type { It } from "./TestRunner.ts"

export type { Behavior, Host } from "./internal/chatTransport/Subject.ts"

/**
 * Registers the tests with the runner's `it`. `make` starts a host with a
 * behavior; every test has its own.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (it: It, make: (behavior: Behavior) => Effect.Effect<Host, unknown, Scope.Scope>): void => {
  const subject: Subject = {
    test: (name, behavior, test) =>
      bounded(it).live(name, () =>
        Effect.gen(function* () {
          const host = yield* make(behavior)
          const context = yield* Layer.build(Layer.fresh(host.transport))
          yield* test({ ...host, transport: Context.get(context, ChatTransport) })
        })
      )
  }
  responses.register(subject)
  requests.register(subject)
  failures.register(subject)
}
