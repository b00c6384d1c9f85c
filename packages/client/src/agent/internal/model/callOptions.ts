/** The options of a call of a language model, as this one passes them to Effect's. */
import * as Prompt from "effect/ai/Prompt"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import { adapt, type AnyToolkit } from "./toolkits.ts"

interface CallOptions {
  readonly prompt: Prompt.RawInput
  readonly toolkit?: unknown
  readonly concurrency?: unknown
}

const noTools = adapt({ tools: {}, handle: () => Effect.die("A call without a toolkit runs no tool") })

/** Effect requires a toolkit for approvals, and fails with that error. */
const hasApprovals = ({ content }: Prompt.Prompt): boolean =>
  content.some(
    (message) => message.role === "tool" && message.content.some(({ type }) => type === "tool-approval-response")
  )

/** With a toolkit Effect keeps the decoder of whole responses; without one it makes a new one for each. */
const withKeptDecoder = <Options extends CallOptions>(options: Options): Options => {
  const prompt = Prompt.make(options.prompt)
  return hasApprovals(prompt) ? { ...options, prompt } : { ...options, prompt, toolkit: noTools }
}

/**
 * A model can call a tool that an earlier turn has used, although this one has
 * no toolkit. Such a call is returned as it is, while Effect would fail with the
 * whole response.
 */
const withoutToolkit = <Options extends CallOptions>(options: Options): Options => ({
  ...options,
  disableToolCallResolution: true,
  toolCallValidation: "deferred"
})

/** Adapts the options of a stream; `toolConcurrency` is for calls that give none. */
export const adaptStream =
  (toolConcurrency: number | "unbounded" = 10) =>
  <Options extends CallOptions>(options: Options): Options => {
    if (options.toolkit === undefined) return withoutToolkit(options)
    // A toolkit is an effect whose handlers are in the context, or has them.
    const toolkit = options.toolkit as AnyToolkit | Toolkit.Toolkit<AnyToolkit["tools"]>
    return {
      ...options,
      concurrency: options.concurrency ?? toolConcurrency,
      toolkit: Effect.isEffect(toolkit) ? Effect.map(toolkit, adapt) : adapt(toolkit)
    }
  }

/** Adapts the options of a whole response. */
export const adaptCall = (toolConcurrency?: number | "unbounded") => {
  const adapted = adaptStream(toolConcurrency)
  return <Options extends CallOptions>(options: Options): Options =>
    options.toolkit === undefined ? withKeptDecoder(withoutToolkit(options)) : adapted(options)
}
