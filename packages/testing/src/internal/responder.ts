/**
 * Decides what a request gets: the script first, then what Kimi would answer.
 */
import * as Result from "effect/Result"
import type { Fault } from "../Fault.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as Reply from "../Reply.ts"
import { chunkingOf, render } from "./rendering.ts"
import * as RequestCheck from "./requestCheck.ts"
import * as DefaultReply from "./defaultReply.ts"
import * as WirePlan from "./wirePlan.ts"

/** What the options of a server come to. */
export interface Settings {
  readonly apiKey: string | undefined
  readonly isValidating: boolean
  readonly maxRequestBytes: number
  /** The only models there are; those of Moonshot when absent. */
  readonly models: ReadonlyArray<string> | undefined
  readonly pace: WirePlan.Pace
}

/** The script and the rules of one server. */
export interface Responder {
  readonly respond: (request: ReceivedRequest) => WirePlan.WirePlan
  readonly enqueue: (replies: ReadonlyArray<Reply.Reply>) => void
  readonly replyAlways: (answerer: Reply.ReplySource) => void
  readonly replyAt: (route: string, answerer: Reply.ReplySource) => void
  readonly reset: () => void
}

const chatRoute = "POST /v1/chat/completions"

/** Starts without a script. */
export const make = (settings: Settings): Responder => {
  const serves = RequestCheck.makeModelFilter(settings.models)
  const routes = DefaultReply.routes(settings.models ?? DefaultReply.listedModels)
  const plans = makePlanner(settings.pace)
  const queued: Array<Reply.Reply> = []
  const scripted = new Map<string, Reply.ReplySource>()

  const refusal = (request: ReceivedRequest, route: string): Reply.Json | Reply.Text | undefined => {
    if (!settings.isValidating) return undefined
    const unauthorized = RequestCheck.checkAuthorization(request, settings.apiKey)
    if (unauthorized !== undefined) return unauthorized
    if (Buffer.byteLength(request.body) > settings.maxRequestBytes) return Reply.errorTable.requestTooLarge
    return route === chatRoute ? RequestCheck.checkChat(request, serves) : undefined
  }

  return {
    respond: (request) => {
      const route = `${request.method} ${request.path}`
      const asked = DefaultReply.formOf(request)
      const next = (route === chatRoute ? queued.shift() : undefined) ?? scripted.get(route) ?? Reply.defaultReply
      const reply = typeof next === "function" ? runReplySource(next, request) : next
      if (reply._tag !== "Default") return plans(reply, asked, reply.fault)
      const own = route === chatRoute ? DefaultReply.chat(asked) : (routes.get(route) ?? DefaultReply.notFound(request))
      return plans(refusal(request, route) ?? own, asked, reply.fault)
    },
    enqueue: (replies) => void queued.push(...replies),
    replyAlways: (answerer) => void scripted.set(chatRoute, answerer),
    replyAt: (route, answerer) => void scripted.set(route, answerer),
    reset: () => {
      queued.length = 0
      scripted.clear()
    }
  }
}

type Planner = (reply: Reply.Explicit, asked: DefaultReply.RequestForm, fault: Fault | undefined) => WirePlan.WirePlan

/** Replies are data, and often the same object: what it takes to send one is worked out once. */
const makePlanner = (pace: WirePlan.Pace): Planner => {
  const known = new WeakMap<Reply.Explicit, Map<string, WirePlan.WirePlan>>()
  const work: Planner = (reply, asked, fault) =>
    WirePlan.make(render(reply, asked), fault, { ...pace, chunking: chunkingOf(reply) ?? pace.chunking })
  return (reply, asked, fault) => {
    if (fault !== reply.fault) return work(reply, asked, fault)
    const form = `${asked.isStream} ${asked.hasUsage}`
    const forms = known.get(reply) ?? new Map<string, WirePlan.WirePlan>()
    const plan = forms.get(form) ?? work(reply, asked, fault)
    known.set(reply, forms.set(form, plan))
    return plan
  }
}

/** A test's function that throws must fail that test, not end the process. */
const runReplySource = (answerer: (request: ReceivedRequest) => Reply.Reply, request: ReceivedRequest): Reply.Reply =>
  Result.getOrElse(
    Result.try(() => answerer(request)),
    (cause) => Reply.error(500, "mock_server_error", `the function that makes replies threw: ${String(cause)}`)
  )
