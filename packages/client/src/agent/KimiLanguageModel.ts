/**
 * Kimi as the `LanguageModel` of `effect/ai`, over `KimiClient`: every stage of
 * the client, its cache, its budget and its telemetry apply.
 *
 * A prompt becomes a valid history on every request: each tool call gets
 * exactly one result, right after it, and calls without a result are answered
 * with "This call was not run." So a conversation survives an interrupted tool
 * and an approval that was never given. Ids of tool calls are unique in a
 * conversation, while the ids of the host repeat; the host's own ids, and its
 * text of the arguments, are kept in the metadata and sent back unchanged.
 *
 * **Example** (A conversation with tools)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const chat = yield* Chat.fromPrompt("You are a meteorologist.")
 *   const response = yield* chat.generateText({ prompt: "How is Oslo?", toolkit })
 *   return response.text
 * }).pipe(Effect.provide(KimiLanguageModel.model("kimi-k3")))
 * ```
 *
 * **Gotchas**
 *
 * - Effect runs the tools of one response and returns; the loop over the
 *   responses is the caller's.
 * - The files of a prompt are images and videos: bytes, `data:` URLs and
 *   `ms://` ids of uploaded files. Moonshot fetches no http(s) URL, so such a
 *   file fails with `UnsupportedMediaError`.
 * - A stream that starts again after it broke (stream recovery by
 *   `regenerate`) fails if it has emitted content, because parts cannot be
 *   taken back. Recovery that continues the text works.
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Option from "effect/Option"
import { HostApi } from "../HostApi.ts"
import { KimiClient } from "../KimiClient.ts"
import { providers } from "../Provider.ts"
import type { FinishMetadata, ResponseMetadata } from "./internal/model/finish.ts"
import { codecTransformer } from "./internal/model/objectFormat.ts"
import { generateText, streamText } from "./internal/model/generation.ts"
import type { KnownSettings, Settings as ModelSettings } from "./internal/model/settings.ts"
import type { ToolCallMetadata } from "./internal/model/ToolCallMetadata.ts"
import { adaptCall, adaptStream } from "./internal/model/callOptions.ts"

declare module "effect/ai/Response" {
  interface ToolCallPartMetadata extends ProviderMetadata {
    readonly kimi?: ToolCallMetadata | null
  }
  interface ResponseMetadataPartMetadata extends ProviderMetadata {
    readonly kimi?: ResponseMetadata | null
  }
  interface FinishPartMetadata extends ProviderMetadata {
    readonly kimi?: FinishMetadata | null
  }
}

declare module "effect/ai/Prompt" {
  interface ToolCallPartOptions extends ProviderOptions {
    readonly kimi?: ToolCallMetadata | null
  }
}

/**
 * Members of the request that prompts and toolkits do not determine, such as
 * `model`, `reasoning_effort`, `thinking`, `max_completion_tokens` and
 * `prompt_cache_key`, and how the model is used.
 *
 * @category options
 * @since 0.1.0
 */
export type Settings = ModelSettings

/**
 * Settings in the context of a call, which take precedence over those of the
 * model. `withConfigOverride` provides them.
 *
 * @category services
 * @since 0.1.0
 */
export class Config extends Context.Service<Config, Settings>()("@kimi-effect/client/agent/KimiLanguageModel/Config") {}

/** The settings of a call: those of the model, overridden by those in the context. */
const currentSettings = (settings: KnownSettings): Effect.Effect<KnownSettings> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const overrides = Context.getOrUndefined(context, Config)
    if (overrides === undefined) return Effect.succeed(settings)
    return Effect.succeed({ ...settings, ...overrides, provider: overrides.provider ?? settings.provider })
  })

/**
 * Builds a model over a client.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (settings: Settings = {}): Effect.Effect<LanguageModel.LanguageModel, never, KimiClient> =>
  Effect.gen(function* () {
    const client = yield* KimiClient
    const hostApi = Option.getOrUndefined(yield* Effect.serviceOption(HostApi))
    const provider = settings.provider ?? hostApi?.provider ?? providers.moonshot
    const current = currentSettings({ ...settings, provider })
    const model = yield* LanguageModel.make({
      generateText: generateText(client, current),
      streamText: streamText(client, current),
      codecTransformer,
      supportsSystemMessagesInHistory: Effect.succeed(true)
    })
    const adaptedCall = adaptCall(settings.toolConcurrency)
    const adaptedStream = adaptStream(settings.toolConcurrency)
    // The members are overloaded by the types of their options, which adapting does not change.
    return LanguageModel.LanguageModel.of({
      ...model,
      generateText: ((options: never) => model.generateText(adaptedCall(options))) as never,
      generateObject: ((options: never) => model.generateObject(adaptedCall(options))) as never,
      streamText: ((options: never) => model.streamText(adaptedStream(options))) as never
    })
  })

/**
 * A model as a layer. Without `model` in its settings it uses the client's
 * default model.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings?: Settings): Layer.Layer<LanguageModel.LanguageModel, never, KimiClient> =>
  OptionRules.layerOrDie("KimiLanguageModel", settings, (settings) =>
    Layer.effect(LanguageModel.LanguageModel, make(settings))
  )

/**
 * A model by its id, for `Effect.provide` and the steps of an `ExecutionPlan`.
 * It also provides its name.
 *
 * @category layers
 * @since 0.1.0
 */
export const model = (
  id: string,
  settings?: Omit<Settings, "model">
): Model.Model<"moonshot_ai", LanguageModel.LanguageModel, KimiClient> =>
  Model.make("moonshot_ai", id, layer({ ...settings, model: id }))

const merged = (context: Context.Context<never>, overrides: Settings): Settings => ({
  // The service is optional, so its absence is no error.
  ...Context.getOrUndefined(context, Config),
  ...overrides
})

/**
 * Overrides settings of the model for the calls of an effect.
 *
 * @category configuration
 * @since 0.1.0
 */
export const withConfigOverride =
  (overrides: Settings) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Config>> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.provideService(effect, Config, merged(context, overrides))
    )

/**
 * Overrides settings of the model for the calls of a stream.
 *
 * @category configuration
 * @since 0.1.0
 */
export const withStreamConfigOverride =
  (overrides: Settings) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, Exclude<R, Config>> =>
    Stream.unwrap(
      Effect.contextWith((context: Context.Context<never>) =>
        Effect.succeed(Stream.provideService(stream, Config, merged(context, overrides)))
      )
    )
