/** Runs a task with a team of agents. */
import * as Swarm from "@kimi-effect/client/swarm/Swarm"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import * as SwarmTimeline from "@kimi-effect/client/swarm/SwarmTimeline"
import * as Cost from "@kimi-effect/core/Cost"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as client from "../client.ts"
import { CommandError } from "../commandError.ts"
import { readKeys } from "../keys.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { SwarmRun } from "../schemas/swarm.ts"
import { SwarmView } from "../swarmView.ts"

interface Input {
  readonly task: string
  readonly agents: number
  readonly html: Option.Option<string>
  readonly json: boolean
  readonly options: Given
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
  const view = new SwarmView()
  const { canAnimate, canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const hasKeys = canAnimate && canPrompt
  const keys = hasKeys
    ? readKeys(({ name }) => {
        if (name === "up") view.select(-1)
        else if (name === "down") view.select(1)
        else if (name === "return" || name === "enter") view.toggle()
      })
    : Effect.never
  const swarm = Stream.runForEach(Swarm.stream(task, { limits: { agents } }), (event) =>
    Effect.sync(() => view.add(event))
  )
  yield* Effect.scoped(
    Effect.andThen(
      live(() => view.lines(hasKeys)),
      Effect.raceFirst(swarm, keys)
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
