/** A provider at the level of `HttpClient`. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatCompletionRequest } from "@kimi-effect/core/ChatRequest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Reply from "../../Reply.ts"
import * as DescribeRequest from "../cassette/describeRequest.ts"
import type { FileRequest } from "../host/HostFiles.ts"
import * as MultipartForm from "../host/multipartForm.ts"
import type { RequestForm } from "../rendering.ts"
import type { Attempt, Engine, Step } from "./Engine.ts"
import * as HostRoutes from "./hostRoutes.ts"
import { deliver } from "./delivery.ts"
import { type Playback, planOf } from "./playback.ts"
import { endWith } from "./transport.ts"

const noPace = { latency: 0, tokensPerSecond: undefined }

const plainForm: RequestForm = { isStream: false, hasUsage: false, hasTools: false, model: undefined }

const bodyText = ({ body }: HttpClientRequest.HttpClientRequest): string => {
  if (body._tag === "Uint8Array") return new TextDecoder().decode(body.body)
  return body._tag === "Raw" && typeof body.body === "string" ? body.body : ""
}

const decodeRequest = Schema.decodeUnknownResult(Schema.fromJsonString(ChatCompletionRequest))

interface ParsedRequest {
  readonly request: ModelRequest
  readonly form: RequestForm
}

/** A chat request as the body has it. */
const parseRequest = (text: string): ParsedRequest | undefined => {
  const decoded = decodeRequest(text)
  if (Result.isFailure(decoded)) return undefined
  const { stream, stream_options, ...request } = decoded.success
  return {
    request,
    form: {
      isStream: stream === true,
      hasUsage: stream_options?.include_usage === true,
      hasTools: request.tools !== undefined,
      model: request.model
    }
  }
}

type WireStep = Step & { readonly _tag: "Wire" }

/** Errors and responses of the client have no form on the wire. */
const wireOnly = (step: Step, { received }: Attempt): Effect.Effect<WireStep> =>
  step._tag === "Wire"
    ? Effect.succeed(step)
    : Effect.die(
        new Error(
          `MockProvider: the answer to request ${received.number} (${received.operation}) is ${"_tag" in step.answer ? step.answer._tag : "ChatResponse"}, ` +
            "which no host sends: use a Reply at the level of HTTP"
        )
      )

/** What the client makes of an attempt whose exchange has ended: the response and errors of its decoders. */
const decodedEnd = (playback: Playback, { request }: Attempt["received"], step: WireStep, form: RequestForm) => {
  const timeless = { ...planOf({ ...step, pace: noPace }, form, "whole"), start: 0, bodyDelay: 0, writeDelay: 0 }
  const plan = { ...timeless, start: planOf(step, form, "whole").start === "reset" ? ("reset" as const) : 0 }
  if (!form.isStream) return Effect.exit(playback.chat(request, plan))
  return Effect.map(
    Effect.exit(Stream.runCollect(playback.stream(request, plan))),
    Exit.map((events: ReadonlyArray<StreamEvent>) => Option.getOrUndefined(StreamFold.fold(events)))
  )
}

/** A request that calls no model, with its form. A host reads an upload to its end before it answers. */
const fileRequest = (
  sent: HttpClientRequest.HttpClientRequest,
  path: string
): Effect.Effect<FileRequest, HttpClientError.HttpClientError> => {
  const { method } = sent
  if (method !== "POST") return Effect.succeed({ method, path })
  return Effect.map(DescribeRequest.readRequest(sent), ({ plain: { body, headers } }) => ({
    method,
    path,
    form: MultipartForm.parse(headers["content-type"] ?? "", body)
  }))
}

/** Batches run at a server. A 404 would look like a batch that the host does not have. */
const refuseBatch = ({ method }: HttpClientRequest.HttpClientRequest, path: string): Effect.Effect<never> =>
  Effect.die(
    new Error(`MockProvider: it runs no batches (${method} ${path}): use MockServer of @kimi-effect/testing/node`)
  )

const isBatch = (path: string): boolean => /\/batches(?:\/|$)/.test(path)

/** Makes the client of an engine. */
export const make = (engine: Engine, playback: Playback): HttpClient.HttpClient => {
  const routeReply = HostRoutes.make(engine.options, engine.files)

  const answer = (
    sent: HttpClientRequest.HttpClientRequest,
    { form, request }: ParsedRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
    Effect.suspend(() => {
      const attempt = engine.begin(request, form.isStream ? "stream" : "chat")
      const endAfter = (step: WireStep) => (exit: Exit.Exit<unknown, unknown>) =>
        isInterrupted(exit)
          ? Effect.sync(() => endWith(engine, attempt, exit as Exit.Exit<never, unknown>))
          : Effect.map(decodedEnd(playback, attempt.received, step, form), (end) => endWith(engine, attempt, end))
      return Effect.flatMap(engine.answer(attempt), (step) => wireOnly(step, attempt)).pipe(
        Effect.onError((cause) => Effect.sync(() => endWith(engine, attempt, Exit.failCause(cause)))),
        Effect.flatMap((step) =>
          Effect.onExit(deliver(sent, planOf(step, form, engine.chunking), endAfter(step)), (exit) =>
            Exit.isSuccess(exit) ? Effect.void : endAfter(step)(exit)
          )
        )
      )
    })

  const route = Effect.fnUntraced(function* (
    sent: HttpClientRequest.HttpClientRequest,
    path: string
  ): Effect.fn.Return<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> {
    const outage = engine.outage()
    const reply = outage === undefined ? routeReply(yield* fileRequest(sent, path)) : Reply.json({})
    return yield* deliver(
      sent,
      planOf({ _tag: "Wire", reply, fault: outage?.fault, pace: noPace }, plainForm, engine.chunking)
    )
  })

  return HttpClient.make((sent, url) => {
    if (isBatch(url.pathname)) return refuseBatch(sent, url.pathname)
    if (sent.method !== "POST" || !url.pathname.endsWith("/chat/completions")) return route(sent, url.pathname)
    const parsed = parseRequest(bodyText(sent))
    if (parsed !== undefined) return answer(sent, parsed)
    const reply = Reply.invalidRequest({ message: "Invalid request: the body is not a chat request" })
    return deliver(sent, planOf({ _tag: "Wire", reply, fault: undefined, pace: noPace }, plainForm, engine.chunking))
  })
}

const isInterrupted = (exit: Exit.Exit<unknown, unknown>): boolean => Exit.hasInterrupts(exit)
