/**
 * A language model over a client in memory, that keeps every law of the contract, or
 * every law but one: `broken` names the one.
 */
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import { KimiClient } from "@kimi-effect/client/KimiClient"
import { Effect, Layer, Stream } from "effect"
import { LanguageModel, type Response, type Tool } from "effect/ai"
import type { Behavior, Host } from "../../../src/contract/LanguageModelContract.ts"
import { makeClient } from "./languageModelClient.ts"

type Part = Response.AnyPart

/** The same id for the calls of all responses. */
const withOneId = (part: Part): Part => {
  if (part.type === "tool-call" || part.type === "tool-result") return { ...part, id: "call" } as Part
  return part.type === "tool-approval-request" ? { ...part, toolCallId: "call" } : part
}

/** Parts of a response whose call needs an approval have its request. */
const asksApproval = (parts: ReadonlyArray<Part>): boolean => parts.some(({ type }) => type === "tool-approval-request")

const changeWhole = (parts: ReadonlyArray<Part>, broken: string | undefined): ReadonlyArray<Part> => {
  const results = parts.filter(({ type }) => type === "tool-result")
  switch (broken) {
    case "runs the tool of a call":
      return parts.map((part) => (part.type === "tool-result" ? ({ ...part, result: "nothing" } as Part) : part))
    case "runs the tools of several calls":
      return results.length < 2 ? parts : parts.filter((part) => part !== results[0])
    case "gives the calls of different responses different ids":
      return asksApproval(parts) ? parts : parts.map(withOneId)
    case "runs the approved one of two calls with the same id of the host":
      return asksApproval(parts) ? parts.map(withOneId) : parts
    default:
      return parts
  }
}

/** The end of the reasoning comes last. */
const endLate = <A extends Part, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
  const held: Array<A> = []
  return Stream.flatMap(stream, (part) => {
    if (part.type === "reasoning-end") held.push(part)
    const parts = part.type === "reasoning-end" ? [] : part.type === "finish" ? [...held, part] : [part]
    return Stream.fromIterable(parts)
  })
}

const changeStream = <A extends Part, E, R>(
  stream: Stream.Stream<A, E, R>,
  broken: string | undefined
): Stream.Stream<A, E, R> => {
  switch (broken) {
    case "ends a stream with its only finish":
      return Stream.flatMap(stream, (part) => Stream.fromIterable(part.type === "finish" ? [part, part] : [part]))
    case "ends the reasoning of a stream before its calls":
      return endLate(stream)
    case "runs the tool of a streamed call":
      return Stream.filter(stream, ({ type }) => type !== "tool-result")
    default:
      return stream
  }
}

interface CallOptions {
  readonly toolkit?: Effect.Effect<{ readonly tools: Record<string, Tool.Tool<string, never>> }>
}

/** Tools that run without the approval that they need. */
const withoutApproval = (options: CallOptions): CallOptions =>
  options.toolkit === undefined
    ? options
    : {
        ...options,
        toolkit: Effect.map(options.toolkit, (toolkit) => ({
          ...toolkit,
          tools: Object.fromEntries(
            Object.entries(toolkit.tools).map(([name, tool]) => [name, tool.setNeedsApproval(false)])
          )
        }))
      }

const breakModel = (
  model: LanguageModel.LanguageModel,
  behaviors: ReadonlyArray<Behavior>,
  broken: string | undefined
): LanguageModel.LanguageModel => {
  const isUnapproved = broken === "runs no call that needs an approval" && behaviors.length === 1
  // The members are overloaded by the types of their options, which stay the same.
  const generateText = (options: CallOptions) =>
    Effect.map(
      model.generateText((isUnapproved ? withoutApproval(options) : options) as never) as Effect.Effect<
        LanguageModel.GenerateTextResponse<{}>
      >,
      ({ content }) => new LanguageModel.GenerateTextResponse(changeWhole(content, broken) as never)
    )
  return LanguageModel.LanguageModel.of({
    ...model,
    generateText: generateText as never,
    streamText: ((options: never) => changeStream(model.streamText(options), broken)) as never
  })
}

export const make = (behaviors: ReadonlyArray<Behavior>, broken?: string): Effect.Effect<Host> =>
  Effect.sync(() => {
    const { aborted, client, requests } = makeClient(behaviors, broken)
    const model = Effect.map(KimiLanguageModel.make(), (made) => breakModel(made, behaviors, broken))
    return {
      model: Layer.provide(Layer.effect(LanguageModel.LanguageModel, model), Layer.succeed(KimiClient, client)),
      requests,
      aborted
    }
  })
