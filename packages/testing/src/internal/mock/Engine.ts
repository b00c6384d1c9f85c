/**
 * Decides how a provider answers each request, and records what it was asked
 * and how the attempt ended: the same for every level.
 */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { BillableUsage } from "@kimi-effect/core/Cost"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Chunking } from "../../Chunking.ts"
import type { Fault } from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import type { Answer, Events, ReceivedRequest, Script } from "../../Script.ts"
import { HostFiles, moonshotLimits } from "../host/HostFiles.ts"
import { HostLimits } from "../simulator/HostLimits.ts"
import * as GivenReply from "../replies/givenReply.ts"
import * as PromptCount from "../simulator/promptCount.ts"
import * as Conditions from "./conditions.ts"
import { brokenBody, type FailureTag, failureReplies } from "./failureReplies.ts"
import * as Player from "./Player.ts"
import * as ScriptIssues from "./scriptIssues.ts"
import * as Settings from "./Settings.ts"
import { asExplicit, greeting, isStreamFailure } from "./standardReplies.ts"

/** An attempt and how it ended. */
export interface Attempt {
  readonly received: ReceivedRequest
  /** Unix milliseconds; absent while it runs. */
  endedAt: number | undefined
  /** `Success`, the tag of an error, `Interrupted` or `Defect`; absent while it runs. */
  outcome: string | undefined
  usage: BillableUsage | undefined
  /** The limits that count it as running; after a reset they are not the current ones. */
  admittedBy: HostLimits | undefined
}

/** The times of one answer. */
export interface Pace {
  /** Milliseconds before the headers. */
  readonly latency: number
  readonly tokensPerSecond: number | undefined
}

/** How one request is answered. */
export type Step =
  | { readonly _tag: "Wire"; readonly reply: Reply.Explicit; readonly fault: Fault | undefined; readonly pace: Pace }
  | { readonly _tag: "Exact"; readonly answer: ChatResponse | ChatError | StreamError | Events; readonly pace: Pace }

const defaultScript: Script = () => greeting

/** Texts that are answered again and again are made into replies once. */
const maxTexts = 256

export class Engine {
  readonly options: Settings.Options
  readonly chunking: Chunking
  readonly requests: Array<ReceivedRequest> = []
  readonly attempts: Array<Attempt> = []
  readonly files: HostFiles = new HostFiles(moonshotLimits, () => this.now())
  readonly #clock: Clock.Clock
  readonly #makeRandom: () => Random.Random
  readonly #latency: Settings.Sampler
  readonly #speed: Settings.Sampler
  readonly #failures: ReadonlyArray<readonly [FailureTag, number]>
  readonly #texts = new Map<string, Reply.Completion>()
  readonly #countPrompt = PromptCount.make()
  #conditions: Conditions.Reader
  #random: Random.Random
  #limits: HostLimits | undefined
  #player: Player.Player
  #script: Script
  #count = 0

  constructor(options: Settings.Options, clock: Clock.Clock, makeRandom: () => Random.Random) {
    this.options = options
    this.chunking = options.chunking ?? { events: 1 }
    this.#clock = clock
    this.#makeRandom = makeRandom
    this.#latency = Settings.latencySampler(options.latency)
    this.#speed = Settings.speedSampler(options.tokensPerSecond)
    this.#failures = Object.entries(options.failures ?? {}) as ReadonlyArray<readonly [FailureTag, number]>
    this.#script = options.script ?? defaultScript
    this.#player = Player.make(this.#script)
    this.#random = makeRandom()
    this.#limits = this.#makeLimits()
    this.#conditions = Conditions.make(options, this.now())
  }

  now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #makeLimits(): HostLimits | undefined {
    return this.options.limits === undefined ? undefined : new HostLimits(this.options.limits)
  }

  /** Forgets everything, running attempts too, and begins the script, the seed, the limits and the faults again. */
  reset(): void {
    this.requests.length = 0
    this.attempts.length = 0
    this.files.clear()
    this.#count = 0
    this.#random = this.#makeRandom()
    this.#limits = this.#makeLimits()
    this.#player = Player.make(this.#script)
    this.#conditions = Conditions.make(this.options, this.now())
  }

  /** Replaces the script. */
  play(script: Script): void {
    const issues = ScriptIssues.issuesOf(script)
    if (issues.length > 0) throw ConfigurationError.of(issues)
    this.#script = script
    this.#player = Player.make(script)
  }

  /** Records a request. */
  begin(request: ModelRequest, operation: "chat" | "stream"): Attempt {
    this.#count += 1
    const received: ReceivedRequest = { number: this.#count, operation, request, at: this.now() }
    const attempt: Attempt = {
      received,
      endedAt: undefined,
      outcome: undefined,
      usage: undefined,
      admittedBy: undefined
    }
    this.requests.push(received)
    this.attempts.push(attempt)
    const { maxRecorded = Number.POSITIVE_INFINITY } = this.options
    if (this.requests.length > maxRecorded) {
      this.requests.shift()
      this.attempts.shift()
    }
    return attempt
  }

  /** Records the end of an attempt, once. */
  end(attempt: Attempt, outcome: string, usage?: BillableUsage): void {
    if (attempt.outcome !== undefined) return
    attempt.outcome = outcome
    attempt.endedAt = this.now()
    attempt.usage = usage
    attempt.admittedBy?.release()
  }

  /** Whether no connection to the host is possible at present. */
  outage(): Reply.Default | undefined {
    return this.#conditions(this.now()).outage
  }

  /** Chooses how an attempt is answered. A request that the script does not answer is a defect. */
  answer(attempt: Attempt): Effect.Effect<Step> {
    return Effect.suspend(() => {
      const conditions = this.#conditions(this.now())
      const pace = this.#drawPace(conditions.slowdown)
      const failure = conditions.outage ?? this.#refusal(attempt, conditions) ?? this.#failure(attempt, conditions)
      return failure === undefined ? this.#scripted(attempt, pace) : Effect.succeed(this.#toStep(failure, pace))
    })
  }

  #drawPace(slowdown: number): Pace {
    const latency = this.#latency(this.#random) * slowdown
    const speed = this.#speed(this.#random) / slowdown
    return { latency, tokensPerSecond: Number.isFinite(speed) ? speed : undefined }
  }

  #refusal(attempt: Attempt, { rejectionRate, retryAfter }: Conditions.Conditions): Reply.Reply | undefined {
    if (rejectionRate > 0 && this.#random.nextDoubleUnsafe() < rejectionRate) return Reply.rateLimited({ retryAfter })
    const limits = this.#limits
    if (limits === undefined) return undefined
    const { request } = attempt.received
    const prompt = this.#countPrompt(request)
    const tokens = prompt + TokenCount.maxOutput(request, prompt)
    const error = limits.admit(tokens, this.now(), { provider: "moonshot", model: request.model })
    if (error === undefined) {
      attempt.admittedBy = limits
      return undefined
    }
    const { message } = error
    return error._tag === "DailyLimitError"
      ? Reply.dailyLimitReached({ message })
      : Reply.rateLimited({ message, retryAfter: error.retryAfter })
  }

  /** One draw decides for each attempt, so that a rate does not change the others. */
  #failure({ received }: Attempt, { connections, failureRate }: Conditions.Conditions): Reply.Reply | undefined {
    const broken = connections.find(({ rate }) => this.#random.nextDoubleUnsafe() < rate)
    if (broken !== undefined) return Reply.faulty(broken.fault)
    if (failureRate > 0 && this.#random.nextDoubleUnsafe() < failureRate) return failureReplies.ServerError
    if (this.#failures.length === 0) return undefined
    let left = this.#random.nextDoubleUnsafe()
    for (const [tag, rate] of this.#failures) {
      left -= rate
      if (left < 0) return received.operation === "chat" && isStreamFailure(tag) ? brokenBody : failureReplies[tag]
    }
    return undefined
  }

  #scripted(attempt: Attempt, pace: Pace): Effect.Effect<Step> {
    const { received } = attempt
    const move = this.#player.next(received)
    switch (move._tag) {
      case "Answer":
        return Effect.succeed(this.#toStep(move.answer, addDelay(pace, move.delay)))
      case "Call": {
        const answer = move.answer(received.request, received)
        const later = addDelay(pace, move.delay)
        // Errors are effects as well.
        return Effect.isEffect(answer) && !isKimiError(answer)
          ? Effect.flatMap(answer as Effect.Effect<unknown>, (given) => this.#returned(given, received, later))
          : this.#returned(answer, received, later)
      }
      case "NoMatch":
        return unanswered(received, "no part of its script matches the request")
      case "UsedUp":
        return unanswered(received, "its script is used up")
    }
  }

  /** What a function of the script returned. */
  #returned(answer: unknown, { number }: ReceivedRequest, pace: Pace): Effect.Effect<Step> {
    if (ScriptIssues.isAnswer(answer)) {
      const [issue] = ScriptIssues.replyIssues(answer, "reply")
      if (issue === undefined) return Effect.succeed(this.#toStep(answer, pace))
      const text = `MockProvider: the script returned a reply for request ${number} that cannot be sent: ${issue.name} must be ${issue.expected}`
      return Effect.die(new TypeError(text))
    }
    const given = GivenReply.describe(answer)
    return Effect.die(
      new TypeError(
        `MockProvider: the script returned ${given} for request ${number}, in place of a text, a Reply, an error or an effect of one`
      )
    )
  }

  #toStep(answer: Answer, pace: Pace): Step {
    if (typeof answer === "string") return { _tag: "Wire", reply: this.#textReply(answer), fault: undefined, pace }
    if (!GivenReply.isReply(answer)) return { _tag: "Exact", answer, pace }
    return { _tag: "Wire", reply: asExplicit(answer), fault: answer.fault, pace }
  }

  #textReply(text: string): Reply.Completion {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const made = Reply.text(text)
    if (this.#texts.size < maxTexts) this.#texts.set(text, made)
    return made
  }
}

const addDelay = (pace: Pace, millis: number): Pace =>
  millis === 0 ? pace : { ...pace, latency: pace.latency + millis }

const unanswered = ({ number, operation, request }: ReceivedRequest, reason: string): Effect.Effect<never> =>
  Effect.die(
    new Error(
      `MockProvider: ${operation} was called, but ${reason} (request ${number}, model ${request.model}, ` +
        `last message ${JSON.stringify(request.messages.at(-1)?.content ?? null).slice(0, 200)})`
    )
  )

/** Makes the engine of a provider in its context. Fails with all issues of the options. */
export const make = Effect.fnUntraced(function* (options: Settings.Options) {
  yield* Settings.check(options)
  const clock = yield* Clock.Clock
  const own = yield* Random.Random
  const { seed } = options
  const makeRandom = () =>
    seed === undefined ? own : Effect.runSync(Random.withSeed(Effect.service(Random.Random), seed))
  return new Engine(options, clock, makeRandom)
})
