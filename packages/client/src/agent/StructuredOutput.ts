/**
 * Responses as values of a Schema.
 *
 * **Example** (Read an order)
 *
 * ```ts
 * const Order = Schema.Struct({ item: Schema.String, count: Schema.Int })
 *
 * const { value } = yield* StructuredOutput.generate({ schema: Order, prompt: "Two teas, please." })
 * ```
 *
 * **Details**
 *
 * - The JSON Schema of the Schema is sent as the response format. A host or model
 *   that refuses it gets the format `json_object` and the shape in the prompt.
 * - A root that is not an object, such as an array, is sent as a property of one
 *   and read from it.
 * - The response is decoded with the Schema, with all its checks. JSON in a
 *   Markdown fence is accepted.
 * - A response that does not fit is sent back once with what is wrong with it.
 *   The usage and the cost are those of all rounds.
 * - A refusal and a response that was truncated by the token limit are not
 *   repaired: they fail with `StructuredOutputError`, as does a last round that
 *   does not fit. Its `reason` is which of them, `issue` names paths with what
 *   was expected, and `partial` has the text of the response, which is kept out
 *   of logs.
 *
 * **Gotchas**
 *
 * - Reasoning and response share `max_completion_tokens`.
 * - A schema that cannot be sent fails with `ToolSchemaError`, which names the
 *   path; `ToolSchema` describes what can.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Cost } from "@kimi-effect/core/Cost"
import type { Message } from "@kimi-effect/core/Message"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type { Usage } from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { KimiClient } from "../KimiClient.ts"
import { generateWith } from "./internal/output/generate.ts"
import { streamWith } from "./internal/output/stream.ts"

/**
 * How the model gets the shape: by the response format, or in the prompt with
 * a format that only promises some JSON object.
 *
 * @category models
 * @since 0.1.0
 */
export type Format = "json_schema" | "json_object"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<S> {
  /** The schema of the value. */
  readonly schema: S
  /** Instructions, as the first message. */
  readonly system?: string | undefined
  /** An earlier conversation. */
  readonly messages?: ReadonlyArray<Message> | undefined
  /** What the user asks, as the last message. */
  readonly prompt?: string | undefined
  /** The name of the value for the model. Defaults to `output`. */
  readonly name?: string | undefined
  /** The meaning of the value for the model. */
  readonly description?: string | undefined
  /** Further members of each request, such as `model` and `max_completion_tokens`. */
  readonly request?: Omit<ChatRequest, "messages" | "n" | "response_format" | "tool_choice" | "tools"> | undefined
  /**
   * How the model gets the shape. By default `json_schema`, and `json_object`
   * when that is refused, which costs nothing; set it for a host that is known to
   * refuse the other one, or to ignore it.
   */
  readonly format?: Format | undefined
  /** How many times a response that does not fit is sent back. Defaults to 1. */
  readonly repairs?: number | undefined
}

/**
 * A value and what it took.
 *
 * @category models
 * @since 0.1.0
 */
export interface Output<A> {
  readonly value: A
  /** The last response, which has the value. */
  readonly response: ChatResponse
  /** The conversation with all rounds, to continue it. */
  readonly messages: ReadonlyArray<Message>
  /** Requests that were answered: 1, and one for each repair. */
  readonly rounds: number
  /** How the model got the shape. */
  readonly format: Format
  /** The tokens of all rounds. A round whose host reported none counts as zero. */
  readonly usage: Usage
  /** The cost of all rounds; none if one of them has no known price, or in another currency. */
  readonly cost: Option.Option<Cost>
}

/** Values that have another form in JSON. */
type Scalar = bigint | symbol | Date | URL | Pipeable | Uint8Array | ReadonlyMap<never, unknown> | ReadonlySet<unknown>

/**
 * A value that is being written: any property may be missing, and a string may
 * continue, also one of several literals. Nothing is checked yet. What JSON has in another form than the
 * Schema, such as a date, is `unknown`.
 *
 * @category models
 * @since 0.1.0
 */
export type DeepPartial<A> = A extends string
  ? string
  : A extends number | boolean | null | undefined
    ? A
    : A extends Scalar
      ? unknown
      : A extends ReadonlyArray<infer Item>
        ? ReadonlyArray<DeepPartial<Item>>
        : A extends object
          ? { readonly [Key in keyof A]?: DeepPartial<A[Key]> }
          : unknown

/**
 * An event of streamed output, by `_tag`. `Finish` is always last.
 *
 * @category models
 * @since 0.1.0
 */
export type OutputEvent<A> =
  /** A delta of the reasoning. */
  | { readonly _tag: "Reasoning"; readonly text: string }
  /** The value so far. Earlier ones do not change. */
  | { readonly _tag: "Partial"; readonly value: DeepPartial<A> }
  /** The response does not fit and is sent back: discard the partial values. */
  | {
      readonly _tag: "Repair"
      readonly reason: StructuredOutputError["reason"]
      /** Paths with what was expected there. */
      readonly issue?: string
    }
  /** The stream broke and the response starts again: discard the partial values. Only a client that recovers streams emits it. */
  | { readonly _tag: "Reset"; readonly reason: string }
  /** The checked value. */
  | { readonly _tag: "Finish"; readonly output: Output<A> }

/**
 * Asks for a value.
 *
 * @category constructors
 * @since 0.1.0
 */
export const generate = <S extends Schema.ConstraintDecoder<unknown, unknown>>(
  options: Options<S>
): Effect.Effect<Output<S["Type"]>, ChatError | StructuredOutputError, KimiClient | S["DecodingServices"]> =>
  // The value was decoded with this schema.
  Effect.flatMap(KimiClient, (client) => generateWith(client, options)) as Effect.Effect<
    Output<S["Type"]>,
    ChatError | StructuredOutputError,
    KimiClient | S["DecodingServices"]
  >

/**
 * Asks for a value and shows it while it is written. Each read of the host gives
 * at most one `Partial`; of a long list, fewer. Leaving the stream closes its
 * connection.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <S extends Schema.ConstraintDecoder<unknown, unknown>>(
  options: Options<S>
): Stream.Stream<OutputEvent<S["Type"]>, StreamError | StructuredOutputError, KimiClient | S["DecodingServices"]> =>
  // The value was decoded with this schema.
  Stream.unwrap(Effect.map(KimiClient, (client) => streamWith(client, options))) as Stream.Stream<
    OutputEvent<S["Type"]>,
    StreamError | StructuredOutputError,
    KimiClient | S["DecodingServices"]
  >
