/** Runs a task with a team of agents. */
import * as Swarm from "@kimi-effect/client/swarm/Swarm"
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import * as SwarmTimeline from "@kimi-effect/client/swarm/SwarmTimeline"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Cost from "@kimi-effect/core/Cost"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as client from "../client.ts"
import { CommandError } from "../commandError.ts"
import { readKeys } from "../keys.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import * as OutputFile from "../outputFile.ts"
import type { SwarmRun } from "../schemas/swarm.ts"
import { SwarmView } from "../swarmView.ts"

interface Input {
  readonly task: string
  readonly agents: number
  readonly recording: {
    readonly journal: Option.Option<string>
    readonly id: Option.Option<string>
    readonly schema: Option.Option<string>
  }
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

const writePage = (page: OutputFile.OutputFile, result: SwarmResult) =>
  Effect.andThen(OutputFile.write(page, SwarmTimeline.toHtml(result.report)), Output.note(`Wrote ${page.path}`))

/** Shows what the agents of a swarm do, and then its result. */
export const follow = Effect.fnUntraced(function* <E, R>(
  events: Stream.Stream<SwarmEvent, E, R>,
  { html, json }: Pick<Input, "html" | "json">
) {
  const page = Option.map(html, (path): OutputFile.OutputFile => ({ flag: "--html", path }))
  if (Option.isSome(page)) yield* OutputFile.check(page.value)
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
  const swarm = Stream.runForEach(events, (event) => Effect.sync(() => view.add(event)))
  yield* Effect.scoped(
    Effect.andThen(
      live(() => view.lines(hasKeys)),
      Effect.raceFirst(swarm, keys)
    )
  )
  const { result } = view
  if (result === undefined) return yield* Effect.die("A swarm ends with its result")
  yield* json ? Output.json(toJson(result)) : Output.line(Output.plain(result.text))
  if (Option.isSome(page)) yield* writePage(page.value, result)
  if (result.outcome._tag === "Cancelled") {
    return yield* Effect.fail(new CommandError("The swarm was cancelled.", "Start another one."))
  }
  if (result.outcome._tag !== "Finished") return yield* Effect.fail(result.outcome.error)
})

const refuse = (name: string) =>
  Effect.fail(ConfigurationError.of([{ name, expected: "a --journal in which the swarm is recorded" }]))

export const run = Effect.fnUntraced(function* ({ recording, ...input }: Input) {
  const { id, journal, schema } = recording
  if (Option.isSome(journal)) {
    const { record } = yield* loadModule(() => import("./swarmJournal.ts"))
    return yield* record({ ...input, id, schema, journal: journal.value })
  }
  if (Option.isSome(id)) return yield* refuse("--id")
  if (Option.isSome(schema)) return yield* refuse("--schema")
  const { agents, options, task } = input
  yield* follow(Swarm.stream(task, { limits: { agents } }), input).pipe(Effect.provide(client.layer(options)))
})
