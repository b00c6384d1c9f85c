/** One tool of a tool set, as it is found by the name that the host knows. */
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import type * as Tool from "effect/ai/Tool"
import type * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import type { ArgumentIssue } from "./argumentIssues.ts"
import type { ToolContent } from "./toolContent.ts"

/** What a handler produced; preliminary results have the same form. */
export interface Outcome {
  readonly result: unknown
  readonly encoded: Json
  readonly content: ToolContent
  readonly isFailure: boolean
}

/** The decoded arguments, and the forms of them that some ways of running a tool need. */
interface CallArguments {
  /** The name of the tool in its toolkit. */
  readonly tool: string
  readonly callId: string
  /** As the model wrote them. */
  readonly text: string
  /** Parsed. */
  readonly json: unknown
  /** Decoded by the tool's parameters. */
  readonly input: unknown
}

export type OnPreliminary = (outcome: Outcome) => Effect.Effect<void>

/** Why a handler has no result: its error, or a result that does not match the tool's schema. */
export interface HandlerFailure {
  readonly name: string | undefined
  readonly isInvalidResult: boolean
}

/** The services of handlers are a type parameter of the set; here they are not known. */
export type RunHandler = (
  call: CallArguments,
  onPreliminary: OnPreliminary
) => Effect.Effect<Outcome, HandlerFailure, never>

export interface ToolEntry {
  readonly tool: Tool.Any
  readonly definition: ToolDefinition
  /** Fails with what is wrong, without repeating values. */
  readonly decode: (json: unknown) => Effect.Effect<unknown, ReadonlyArray<ArgumentIssue>, never>
  readonly run: RunHandler
}
