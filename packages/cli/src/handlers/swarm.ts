/** Runs a task with a team of agents. */
import * as Swarm from "@kimi-effect/client/swarm/Swarm"
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import * as SwarmTimeline from "@kimi-effect/client/swarm/SwarmTimeline"
import * as Cost from "@kimi-effect/core/Cost"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as client from "../client.ts"
import { CommandError } from "../commandError.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { SwarmRun } from "../schemas/swarm.ts"

interface Input {
  readonly task: string
  readonly agents: number
  readonly html: Option.Option<string>
  readonly json: boolean
  readonly options: Given
}

/** What the agents do now, from their events. */
class View {
  readonly #working = new Map<string, string>()
  #finished = 0
  #steps = 0
  #cost = ""
  result: SwarmResult | undefined

  add(event: SwarmEvent): void {
    switch (event._tag) {
      case "StepStarted":
        this.#steps += 1
        return void this.#working.set(event.agent, `step ${event.step}`)
      case "ToolCalled":
        return void this.#working.set(event.agent, event.tool)
      case "Spent":
        this.#cost = event.total.map(Cost.format).join(" + ")
        return
      case "Requeued":
        return void this.#working.set(event.agent, `waits: ${event.reason}`)
      case "AgentFinished":
        this.#finished += 1
        return void this.#working.delete(event.agent)
      case "Finished":
        this.result = event.result
        return this.#working.clear()
    }
  }

  /** The counts, and at most ten agents, so that they fit on a screen. */
  lines(): ReadonlyArray<string> {
    const counts = [`${this.#working.size} working`, `${this.#finished} finished`, `${this.#steps} steps`]
    const agents = Array.from(this.#working).slice(0, 10)
    return [
      [...counts, ...(this.#cost === "" ? [] : [this.#cost])].join(", "),
      ...agents.map(([agent, activity]) => `  ${agent}: ${activity}`)
    ]
  }
}

const toJson = ({ agents, outcome, report, text }: SwarmResult): SwarmRun => ({
  outcome: outcome._tag,
  text,
  agents: agents.map((agent) => ({ id: agent.id, outcome: agent.outcome._tag, text: agent.text })),
  steps: report.steps,
  toolCalls: report.toolCalls,
  cost: report.cost.map(Cost.format),
  wallMillis: report.wallMillis
})

const writePage = (path: string, result: SwarmResult) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(path, SwarmTimeline.toHtml(result.report))).pipe(
    Effect.mapError(({ reason }) => new CommandError(`${path} cannot be written: ${reason._tag}`, "Check the path.")),
    Effect.andThen(Output.note(`Wrote ${path}`))
  )

export const run = Effect.fnUntraced(function* ({ agents, html, json, options, task }: Input) {
  const view = new View()
  yield* Effect.scoped(
    Effect.andThen(
      live(() => view.lines()),
      Stream.runForEach(Swarm.stream(task, { limits: { agents } }), (event) => Effect.sync(() => view.add(event)))
    )
  ).pipe(Effect.provide(client.layer(options)))
  const { result } = view
  if (result === undefined) return yield* Effect.die("A swarm ends with its result")
  yield* json ? Output.json(toJson(result)) : Output.line(Output.plain(result.text))
  if (Option.isSome(html)) yield* writePage(html.value, result)
  if (result.outcome._tag === "Cancelled") {
    return yield* Effect.fail(new CommandError("The swarm was cancelled.", "Start another one."))
  }
  if (result.outcome._tag !== "Finished") return yield* Effect.fail(result.outcome.error)
})
