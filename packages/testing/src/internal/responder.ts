/**
 * Decides what a request gets: the script first, then what Kimi would answer.
 */
import * as Result from "effect/Result"
import type { Fault } from "../Fault.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as Reply from "../Reply.ts"
import { chunkingOf, render } from "./rendering.ts"
import * as RequestCheck from "./requestCheck.ts"
import * as UsualReply from "./usualReply.ts"
import * as WirePlan from "./wirePlan.ts"

/** What the options of a server come to. */
export interface Settings {
  readonly apiKey: string | undefined
  readonly isChecking: boolean
  readonly maxRequestBytes: number
  /** The only models there are; those of Moonshot when absent. */
  readonly models: ReadonlyArray<string> | undefined
  readonly pace: WirePlan.Pace
}

/** The script and the rules of one server. */
export interface Responder {
  readonly respond: (request: ReceivedRequest) => WirePlan.WirePlan
  readonly queue: (replies: ReadonlyArray<Reply.Reply>) => void
  readonly always: (answerer: Reply.Answerer) => void
  readonly at: (route: string, answerer: Reply.Answerer) => void
  readonly reset: () => void
}

const chatRoute = "POST /v1/chat/completions"

/** Starts without a script. */
export const make = (settings: Settings): Responder => {
  const serves = RequestCheck.serves(settings.models)
  const routes = UsualReply.routes(settings.models ?? UsualReply.listedModels)
  const plans = makePlans(settings.pace)
  const queued: Array<Reply.Reply> = []
  const scripted = new Map<string, Reply.Answerer>()

  const refusal = (request: ReceivedRequest, route: string): Reply.Json | Reply.Text | undefined => {
    if (!settings.isChecking) return undefined
    const unauthorized = RequestCheck.authorization(request, settings.apiKey)
    if (unauthorized !== undefined) return unauthorized
    if (Buffer.byteLength(request.body) > settings.maxRequestBytes) return Reply.errorTable.requestTooLarge
    return route === chatRoute ? RequestCheck.chat(request, serves) : undefined
  }

  return {
    respond: (request) => {
      const route = `${request.method} ${request.path}`
      const asked = UsualReply.asked(request)
      const next = (route === chatRoute ? queued.shift() : undefined) ?? scripted.get(route) ?? Reply.usual
      const reply = typeof next === "function" ? ask(next, request) : next
      if (reply._tag !== "Usual") return plans(reply, asked, reply.fault)
      const own = route === chatRoute ? UsualReply.chat(asked) : (routes.get(route) ?? UsualReply.notFound(request))
      return plans(refusal(request, route) ?? own, asked, reply.fault)
    },
    queue: (replies) => void queued.push(...replies),
    always: (answerer) => void scripted.set(chatRoute, answerer),
    at: (route, answerer) => void scripted.set(route, answerer),
    reset: () => {
      queued.length = 0
      scripted.clear()
    }
  }
}

type Plans = (reply: Reply.Definite, asked: UsualReply.Asked, fault: Fault | undefined) => WirePlan.WirePlan

/** Replies are data, and often the same object: what it takes to send one is worked out once. */
const makePlans = (pace: WirePlan.Pace): Plans => {
  const known = new WeakMap<Reply.Definite, Map<string, WirePlan.WirePlan>>()
  const work: Plans = (reply, asked, fault) =>
    WirePlan.make(render(reply, asked), fault, { ...pace, chunking: chunkingOf(reply) ?? pace.chunking })
  return (reply, asked, fault) => {
    if (fault !== reply.fault) return work(reply, asked, fault)
    const form = `${asked.isStream} ${asked.includesUsage}`
    const forms = known.get(reply) ?? new Map<string, WirePlan.WirePlan>()
    const plan = forms.get(form) ?? work(reply, asked, fault)
    known.set(reply, forms.set(form, plan))
    return plan
  }
}

/** A test's function that throws must fail that test, not end the process. */
const ask = (answerer: (request: ReceivedRequest) => Reply.Reply, request: ReceivedRequest): Reply.Reply =>
  Result.getOrElse(
    Result.try(() => answerer(request)),
    (cause) => Reply.error(500, "mock_server_error", `the function that makes replies threw: ${String(cause)}`)
  )
