/** Runs a plan through the client's own decoders, so that every level of a provider gives the same responses and errors. */
import { ChatTransport, layerHttp } from "@kimi-effect/client/ChatTransport"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Chunking } from "../../Chunking.ts"
import * as FaultPlan from "../faultPlan.ts"
import { chunkingOf, render, type RequestForm } from "../rendering.ts"
import type { WirePlan } from "../wirePlan.ts"
import type { Step } from "./Engine.ts"
import { deliver } from "./delivery.ts"

/** The plan of a step that has a form on the wire. */
export const planOf = (
  { fault, pace, reply }: Step & { readonly _tag: "Wire" },
  form: RequestForm,
  chunking: Chunking
): WirePlan =>
  FaultPlan.make(render(reply, form), fault, {
    ...pace,
    writeDelay: 0,
    chunking: chunkingOf(reply) ?? chunking
  })

/** The plan of the current attempt. */
const CurrentPlan: Context.Reference<WirePlan | undefined> = Context.Reference<WirePlan | undefined>(
  "@kimi-effect/testing/internal/mock/playback/CurrentPlan",
  { defaultValue: () => undefined }
)

const httpClient: HttpClient.HttpClient = HttpClient.make((request) =>
  Effect.flatMap(CurrentPlan, (plan) =>
    plan === undefined ? Effect.die(new Error("A playback needs the plan of its attempt")) : deliver(request, plan)
  )
)

/** One attempt that is answered by a plan. */
export interface Playback {
  readonly provider: ChatTransport["Service"]["provider"]
  readonly chat: (request: ModelRequest, plan: WirePlan) => Effect.Effect<ChatResponse, ChatError>
  readonly stream: (request: ModelRequest, plan: WirePlan) => Stream.Stream<StreamEvent, StreamError>
}

/** Builds the decoders of a configuration. */
export const make: Effect.Effect<Playback, never, KimiConfig> = Effect.scoped(
  Effect.map(
    Layer.build(Layer.provide(layerHttp, Layer.succeed(HttpClient.HttpClient, httpClient))),
    (context): Playback => {
      const { chat, provider, stream } = Context.get(context, ChatTransport)
      return {
        provider,
        chat: (request, plan) => Effect.provideService(chat(request), CurrentPlan, plan),
        stream: (request, plan) => Stream.provideService(stream(request), CurrentPlan, plan)
      }
    }
  )
)
