/** The last turn of an orchestrator whose swarm a limit has ended: it concludes from what there is. */
import { EmptyResponseError } from "@kimi-effect/core/ProviderErrors"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as AgentLoop from "../../agent/AgentLoop.ts"
import type { AgentError, AgentResult } from "../../agent/AgentResult.ts"
import { returned } from "../../agent/internal/loop/returned.ts"
import type { KimiClient } from "../../KimiClient.ts"
import { bounded } from "./bounded.ts"
import { isRequeued } from "./classify.ts"
import * as DataMarks from "./dataMarks.ts"
import { wholeSwarm } from "./durable/DurableRun.ts"
import * as Recorded from "./durable/recorded.ts"
import { buy, recordResponse } from "./governed.ts"
import type { Job } from "./Job.ts"
import type { Entry } from "./Recorder.ts"
import { conclusionId, type Session } from "./Session.ts"

const system = `You coordinated a team of agents, and it had to stop early. Write the final answer to the task from the results below. Name what is missing or uncertain. ${DataMarks.rule}`

/** The text that each agent has, as far as it got. */
const textOf = <R>(session: Session<R>, { job, text }: Entry): string => {
  if (text !== "") return text
  const content = session.states.get(job.id)?.messages.findLast(({ role }) => role === "assistant")?.content ?? ""
  return typeof content === "string" ? content : ""
}

const promptOf = <R>(session: Session<R>, task: string, bytes: number): string => {
  const entries = [...session.recorder.entries.values()].filter(({ job }) => job.depth > 0)
  const results = entries.map((entry) =>
    DataMarks.markAgent(entry.job.name, entry.outcome?._tag ?? "Skipped", bounded(textOf(session, entry), bytes))
  )
  return [`The task:\n${task}`, "The results:", ...results].join("\n\n")
}

/** The longest prompt that fits what is reserved. A cut of the whole is the last resort. */
const fittingPrompt = <R>(session: Session<R>, task: string): string => {
  const { maxResultBytes, conclusion } = session.settings
  const tokensOf = (content: string) =>
    TokenCount.ofPrompt({
      model: session.settings.options.request?.model ?? "",
      messages: [
        { role: "system", content: system },
        { role: "user", content }
      ]
    })
  for (let bytes = maxResultBytes; bytes >= 16; bytes /= 2) {
    const prompt = promptOf(session, task, Math.floor(bytes))
    if (tokensOf(prompt) <= conclusion.promptTokens) return prompt
  }
  let prompt = promptOf(session, task, 16)
  for (let length = prompt.length; tokensOf(prompt) > conclusion.promptTokens && length > 16; length /= 2) {
    prompt = prompt.slice(0, Math.floor(length))
  }
  return prompt
}

/** The text of a swarm that a limit has ended. */
export interface Conclusion {
  readonly text: string
  /** Why the orchestrator has not concluded. */
  readonly error: AgentError | undefined
}

/** The results of the agents, for people: what there is of a swarm without a conclusion. */
const resultsOf = <R>(session: Session<R>, { message, _tag }: AgentError): string => {
  const { entries } = session.recorder
  const results = [...entries.values()].flatMap((entry) => {
    const text = bounded(textOf(session, entry), session.settings.maxResultBytes)
    return text === "" ? [] : [`${entry.job.name} (${entry.outcome?._tag ?? "Skipped"}):\n${text}`]
  })
  const reason = `The swarm has no conclusion (${_tag}): ${message}.`
  return results.length === 0
    ? `${reason} Its agents have no results.`
    : [`${reason} The results of its agents:`, ...results].join("\n\n")
}

/** What the orchestrator has written as its conclusion, or why it has not. */
const concluded = <R>({ settings }: Session<R>, { outcome, text }: AgentResult): Conclusion => {
  if (outcome._tag === "Stopped") return { text, error: outcome.error }
  const finishReason = outcome._tag === "Finished" ? outcome.finishReason : undefined
  if (text === "") {
    const message = "The conclusion has no text"
    return {
      text,
      error: new EmptyResponseError({ message, ...(finishReason === undefined ? {} : { finishReason }) })
    }
  }
  if (finishReason !== "length") return { text, error: undefined }
  const tokens = settings.conclusion.completionTokens
  return { text: `${text}\n[Truncated: limits.conclusion.completionTokens is ${tokens}.]`, error: undefined }
}

/** Lets the orchestrator conclude. If that fails too, the text has the reason and the results of the agents. */
export const conclude = <R>(
  session: Session<R>,
  job: Job<R>,
  reason: string
): Effect.Effect<Conclusion, never, KimiClient> =>
  Effect.gen(function* () {
    const { budget, settings } = session
    yield* session.emit({ _tag: "Concluding", reason })
    const request = { ...settings.options.request, ...job.request }
    const { tool_choice: _, ...rest } = request
    const prompt = fittingPrompt(session, job.prompt)
    const model = settings.options.request?.model
    const hook = settings.options.hooks?.callModel
    // Each conclusion of a swarm that was resumed has its own state, and so its cost stays in the report.
    let id = conclusionId
    for (let count = 2; session.states.has(id); count++) id = `${conclusionId} ${count}`
    budget?.conclude(id)
    const { error, text } = yield* AgentLoop.run({
      agent: id,
      system,
      prompt,
      request: {
        ...rest,
        ...(model === undefined ? {} : { model }),
        max_completion_tokens: settings.conclusion.completionTokens
      },
      limits: { steps: 1, ...(Number.isFinite(settings.millis) ? { duration: settings.conclusion.millis } : {}) },
      hooks: {
        callModel: (call, make) => {
          const bought =
            budget === undefined
              ? make
              : Effect.retry(buy(session, id, call, make), {
                  while: isRequeued,
                  times: 3,
                  schedule: Schedule.exponential("1 second")
                })
          const counted = Effect.tap(bought, (response) => recordResponse(session, call, response))
          const made = hook === undefined ? counted : returned("hooks.callModel", hook(call, counted))
          return session.run === undefined ? made : Recorded.conclusion(session.run, wholeSwarm, call, made)
        },
        checkpoint: (state) => Effect.sync(() => void session.states.set(id, state))
      }
    }).pipe(
      Effect.map((result) => concluded(session, result)),
      Effect.catch((failure) => Effect.succeed<Conclusion>({ text: "", error: failure }))
    )
    return error === undefined || text !== "" ? { text, error } : { text: resultsOf(session, error), error }
  })
