/**
 * The tests that every `LanguageModel` for Kimi passes.
 *
 * They call the model through `effect/ai` alone, with its toolkits and its
 * `Chat`, and inspect the requests that the host receives.
 *
 * **Example** (The contract for a model over HTTP)
 *
 * ```ts
 * describe("a language model over HTTP", () => {
 *   LanguageModelContract.suite(it, (behaviors) =>
 *     Effect.gen(function* () {
 *       const server = yield* MockServer.make()
 *       yield* server.reply(...behaviors.map(replyOf))
 *       return {
 *         model: modelAt(server.url),
 *         requests: Effect.map(server.requests, (requests) => requests.map(({ json }) => json)),
 *         aborted: server.aborted
 *       }
 *     })
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { bounded } from "./internal/bounded.ts"
import * as failures from "./internal/languageModel/failures.ts"
import * as histories from "./internal/languageModel/histories.ts"
import * as responses from "./internal/languageModel/responses.ts"
import * as streams from "./internal/languageModel/streams.ts"
import type { Behavior, Host, Subject } from "./internal/languageModel/Subject.ts"
import * as tools from "./internal/languageModel/tools.ts"
import type { It } from "./TestRunner.ts"

export type { Answer, Behavior, Host } from "./internal/languageModel/Subject.ts"

/**
 * Registers the tests with the runner's `it`. `make` starts a host that does
 * these things with its requests, in this order; every test has its own.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  make: (behaviors: ReadonlyArray<Behavior>) => Effect.Effect<Host, unknown, Scope.Scope>
): void => {
  const subject: Subject = {
    test: (name, behaviors, test) =>
      bounded(it).live(name, () =>
        Effect.gen(function* () {
          const host = yield* make(behaviors)
          const context = yield* Layer.build(Layer.fresh(host.model))
          yield* test({ ...host, model: Context.get(context, LanguageModel.LanguageModel) })
        })
      )
  }
  responses.register(subject)
  streams.register(subject)
  tools.register(subject)
  histories.register(subject)
  failures.register(subject)
}
