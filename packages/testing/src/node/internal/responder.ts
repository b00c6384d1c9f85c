/**
 * Selects the response to a request: the scripted reply, otherwise the default
 * response.
 */
import * as Result from "effect/Result"
import * as ErrorReply from "../../ErrorReply.ts"
import type { Fault } from "../../Fault.ts"
import * as FaultPlan from "../../internal/faultPlan.ts"
import { chunkingOf, render, type RequestForm } from "../../internal/rendering.ts"
import type * as WirePlan from "../../internal/wirePlan.ts"
import * as Given from "../../internal/replies/givenReply.ts"
import { issueOf } from "../../internal/replies/replyIssues.ts"
import * as Reply from "../../Reply.ts"
import type { BatchEntry } from "../HostLedger.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as DefaultReply from "./defaultReply.ts"
import { batchModels, HostBatches } from "./HostBatches.ts"
import { type FileLimits, HostFiles, moonshotLimits } from "../../internal/host/HostFiles.ts"
import * as RequestCheck from "./requestCheck.ts"
import * as ServedCassette from "./servedCassette.ts"

/** A reply; a text is short for `Reply.text`. */
export type GivenReply = string | Reply.Reply

/** A reply, or a function from each request to its reply. */
export type ReplySource = GivenReply | ((request: ReceivedRequest) => GivenReply)

/** The options of a server with their defaults applied. */
export interface Settings {
  readonly apiKey: string | undefined
  readonly validateRequests: boolean
  readonly maxRequestBytes: number
  /** The models that exist. When absent, those of Moonshot do. */
  readonly models: ReadonlyArray<string> | undefined
  readonly pace: WirePlan.Pace
  /** The limits of uploaded files. Defaults to those of Moonshot. */
  readonly files?: FileLimits | undefined
  /** Milliseconds of each state of a batch. By default each request for a batch ends one. */
  readonly batchStateMillis?: number | undefined
  /** The time in milliseconds. Defaults to that of the machine. */
  readonly now?: (() => number) | undefined
  /** Replaces the default responses and the validation of requests. */
  readonly cassette?: ServedCassette.ServedCassette | undefined
}

/** The scripted replies and the default responses of one server. */
export interface Responder {
  readonly respond: (request: ReceivedRequest) => WirePlan.WirePlan
  /** What a plan sends without its fault. */
  readonly replyOf: (plan: WirePlan.WirePlan) => WirePlan.RenderedReply
  readonly enqueue: (replies: ReadonlyArray<GivenReply>) => void
  readonly replyAlways: (source: ReplySource) => void
  readonly replyAt: (route: string, source: ReplySource) => void
  /** Each batch, and what is billed for it. */
  readonly batches: () => ReadonlyArray<BatchEntry>
  readonly reset: () => void
}

const chatRoute = "POST /v1/chat/completions"

/** Makes a responder without scripted replies. */
export const make = (settings: Settings): Responder => {
  const isKnownModel = RequestCheck.makeModelFilter(settings.models)
  const routes = DefaultReply.routes(settings.models ?? DefaultReply.listedModels)
  const replies = new WeakMap<WirePlan.WirePlan, WirePlan.RenderedReply>()
  const plan = makePlanner(settings.pace, replies)
  const cassette = settings.cassette === undefined ? undefined : ServedCassette.make(settings.cassette, settings.pace)
  const now = settings.now ?? Date.now
  const files = new HostFiles(settings.files ?? moonshotLimits, now)
  const queued: Array<Reply.Reply> = []
  const scripted = new Map<string, Exclude<ReplySource, string>>()

  const rejection = (request: ReceivedRequest, route: string): Reply.Json | Reply.Text | undefined => {
    if (!settings.validateRequests) return undefined
    const unauthorized = RequestCheck.checkAuthorization(request, settings.apiKey)
    if (unauthorized !== undefined) return unauthorized
    if (Buffer.byteLength(request.body) > settings.maxRequestBytes) return ErrorReply.table.requestTooLarge
    return route === chatRoute
      ? RequestCheck.checkChat(request, isKnownModel)
      : RequestCheck.checkFormula(route, request)
  }

  const nextReply = (request: ReceivedRequest, route: string): Reply.Reply => {
    const next = (route === chatRoute ? queued.shift() : undefined) ?? scripted.get(route) ?? Reply.defaultReply
    return typeof next === "function" ? runReplySource(next, request) : next
  }

  const batches = new HostBatches({
    files,
    now,
    stateMillis: settings.batchStateMillis,
    acceptsModel: (model) => settings.models?.includes(model) ?? batchModels.has(model),
    answer: (request) => {
      // Lines of batches are not streamed.
      const form = { ...DefaultReply.formOf(request), isStream: false }
      const reply = nextReply(request, chatRoute)
      if (reply._tag !== "Default") return render(reply, form)
      const refused = settings.validateRequests ? RequestCheck.checkChat(request, isKnownModel) : undefined
      return render(refused ?? DefaultReply.chat(form), form)
    }
  })

  /** Only for a request that is not rejected: some of them change what the host has stored. */
  const standardReply = (request: ReceivedRequest, route: string, form: RequestForm): Reply.Explicit =>
    route === chatRoute
      ? ((form.hasTools ? undefined : DefaultReply.formatted(request)) ?? DefaultReply.chat(form))
      : (routes.get(route) ?? files.respond(request) ?? batches.respond(request) ?? DefaultReply.notFound(request))

  const fromCassette = (
    request: ReceivedRequest,
    { respond }: NonNullable<typeof cassette>,
    form: RequestForm,
    fault: Fault | undefined
  ): WirePlan.WirePlan => {
    const unauthorized =
      settings.apiKey === undefined ? undefined : RequestCheck.checkAuthorization(request, settings.apiKey)
    const served = unauthorized ?? respond(request)
    if ("_tag" in served) return plan(served, form, fault)
    const sent = fault === undefined ? served.plan : FaultPlan.make(served.reply, fault, settings.pace)
    replies.set(sent, served.reply)
    return sent
  }

  const planFor = (request: ReceivedRequest, route: string, form: RequestForm): WirePlan.WirePlan => {
    const reply = nextReply(request, route)
    if (reply._tag !== "Default") return plan(reply, form, reply.fault)
    if (cassette !== undefined) return fromCassette(request, cassette, form, reply.fault)
    return plan(rejection(request, route) ?? standardReply(request, route, form), form, reply.fault)
  }

  return {
    replyOf: (plan) => replies.get(plan) ?? emptyReply,
    respond: respondWith(planFor, plan),
    enqueue: (replies) => void queued.push(...replies.map(accept)),
    replyAlways: (source) => void scripted.set(chatRoute, acceptSource(source)),
    replyAt: (route, source) => void scripted.set(route, acceptSource(source)),
    batches: () => batches.entries(),
    reset: () => {
      batches.clear()
      queued.length = 0
      scripted.clear()
      files.clear()
      cassette?.rewind()
    }
  }
}

const emptyReply: WirePlan.RenderedReply = { status: 200, headers: {}, events: [], isStream: false }

/** A reply that throws while it is made is answered: the error would end the process. */
const respondWith =
  (
    planFor: (request: ReceivedRequest, route: string, form: RequestForm) => WirePlan.WirePlan,
    plan: Planner
  ): Responder["respond"] =>
  (request) => {
    const form = DefaultReply.formOf(request)
    return Result.getOrElse(
      Result.try(() => planFor(request, `${request.method} ${request.path}`, form)),
      (cause) => plan(failed(`the reply cannot be made: ${String(cause)}`), form, undefined)
    )
  }

type Planner = (reply: Reply.Explicit, form: RequestForm, fault: Fault | undefined) => WirePlan.WirePlan

/** Requests may name any number of models. */
const maxForms = 64

/** Caches plans: replies are immutable, and tests and benchmarks send the same object many times. */
const makePlanner = (pace: WirePlan.Pace, replies: WeakMap<WirePlan.WirePlan, WirePlan.RenderedReply>): Planner => {
  const cache = new WeakMap<Reply.Explicit, Map<string, WirePlan.WirePlan>>()
  const makePlan: Planner = (reply, form, fault) => {
    const rendered = render(reply, form)
    const plan = FaultPlan.make(rendered, fault, { ...pace, chunking: chunkingOf(reply) ?? pace.chunking })
    replies.set(plan, rendered)
    return plan
  }
  return (reply, form, fault) => {
    if (fault !== reply.fault) return makePlan(reply, form, fault)
    const key = `${form.isStream} ${form.hasUsage} ${form.model}`
    const byForm = cache.get(reply) ?? new Map<string, WirePlan.WirePlan>()
    const known = byForm.get(key)
    if (known !== undefined) return known
    if (byForm.size >= maxForms) byForm.clear()
    const plan = makePlan(reply, form, fault)
    cache.set(reply, byForm.set(key, plan))
    return plan
  }
}

const asReply = (given: unknown): Reply.Reply | undefined => {
  if (typeof given === "string") return Reply.text(given)
  return Given.isReply(given) ? given : undefined
}

/** Throws for a value that cannot be sent, where the test gives it: the request that it would be sent to is elsewhere. */
const accept = (given: unknown): Reply.Reply => {
  const reply = asReply(given)
  if (reply === undefined) {
    throw new TypeError(
      `MockServer: a reply is a text, a Reply or a function from a request to one, not ${Given.describe(given)}`
    )
  }
  const issue = issueOf(reply)
  if (issue !== undefined) throw new TypeError(`MockServer: ${issue[0]} of a reply must be ${issue[1]}`)
  return reply
}

const acceptSource = (source: ReplySource): Exclude<ReplySource, string> =>
  typeof source === "function" ? source : accept(source)

const failed = (message: string): Reply.Json => ErrorReply.make(500, "mock_server_error", message)

const failedSource = (message: string): Reply.Reply => failed(`the function that makes replies ${message}`)

const returned = (given: unknown): Reply.Reply => {
  const reply = asReply(given)
  if (reply === undefined) return failedSource(`returned ${Given.describe(given)}, not a text or a Reply`)
  const issue = issueOf(reply)
  return issue === undefined ? reply : failedSource(`returned a reply whose ${issue[0]} must be ${issue[1]}`)
}

/** A function of a test that throws must fail that test, not end the process. */
const runReplySource = (source: (request: ReceivedRequest) => GivenReply, request: ReceivedRequest): Reply.Reply =>
  Result.match(
    Result.try(() => returned(source(request))),
    { onSuccess: (reply) => reply, onFailure: (cause) => failedSource(`threw: ${String(cause)}`) }
  )
