/** Runs a task with a team of agents. */
import * as Swarm from "@kimi-effect/client/swarm/Swarm"
import * as Provider from "@kimi-effect/client/Provider"
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import * as SwarmTimeline from "@kimi-effect/client/swarm/SwarmTimeline"
import * as Cost from "@kimi-effect/core/Cost"
import { SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as client from "../client.ts"
import { CommandError, wrongFlag } from "../commandError.ts"
import { HintedError } from "../hintedError.ts"
import * as Interruption from "../interruption.ts"
import { readKeys } from "../keys.ts"
import { live } from "../live.ts"
import * as configuration from "../configuration.ts"
import type { Amount } from "../numberFlags.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import * as OutputFile from "../outputFile.ts"
import type { SwarmRun } from "../schemas/swarm.ts"
import { shellPath } from "../shellWord.ts"
import * as SwarmSpending from "../swarmSpending.ts"
import * as suspendedHint from "../suspendedHint.ts"
import { SwarmView } from "../swarmView.ts"

/** What is requested. */
export interface Command {
  readonly task: string
  readonly agents: number
  readonly cost?: Amount | undefined
  readonly maxTokens?: number | undefined
}

interface Input {
  readonly task: string
  readonly agents: number
  readonly cost: Option.Option<Amount>
  readonly maxTokens: Option.Option<number>
  readonly recording: {
    readonly journal: Option.Option<string>
    readonly id: Option.Option<string>
    readonly schema: Option.Option<string>
  }
  readonly html: Option.Option<string>
  readonly json: boolean
  readonly options: Given
}

const toJson = ({ agents, conclusionError, outcome, report, text }: SwarmResult): SwarmRun => ({
  outcome: outcome._tag,
  text,
  ...(conclusionError === undefined ? {} : { conclusionError: conclusionError._tag }),
  agents: agents.map((agent) => ({ id: agent.id, outcome: agent.outcome._tag, text: agent.text })),
  steps: report.steps,
  toolCalls: report.toolCalls,
  cost: report.cost.map(Cost.format),
  wallMillis: report.wallMillis
})

const writePage = (page: OutputFile.OutputFile, result: SwarmResult) =>
  Effect.andThen(
    OutputFile.write(page, SwarmTimeline.toHtml(result.report)),
    Output.note(`Wrote ${shellPath(page.path)}`)
  )

/** Shows what the agents of a swarm do, and then its result. */
export const follow = Effect.fnUntraced(function* <E, R>(
  events: Stream.Stream<SwarmEvent, E, R>,
  { html, json }: Pick<Input, "html" | "json">
) {
  const page = Option.map(html, (path): OutputFile.OutputFile => ({ flag: "--html", path }))
  if (Option.isSome(page)) yield* OutputFile.checkPage(page.value)
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
  const swarm = SwarmSpending.forEach(events, (event) => view.add(event))
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

const refuse = (flag: string) => Effect.fail(wrongFlag(flag, "a --journal in which the swarm is recorded"))

/** The options of a swarm. A limit of its cost needs the model and the host, whose price is known then. */
const optionsOf = ({ agents, cost, maxTokens: max_completion_tokens }: Command, options: Given) =>
  Effect.gen(function* () {
    const request = max_completion_tokens === undefined ? {} : { max_completion_tokens }
    if (cost === undefined) return { limits: { agents }, request }
    const { config } = (yield* configuration.loadWithoutKey(options)).settings
    const provider = Provider.fromConfig(config)
    return { limits: { agents, cost }, request: { ...request, model: config.model ?? provider.defaultModel }, provider }
  })

/** The events of the swarm that is requested. */
export const events = (command: Command, options: Given) =>
  Effect.map(optionsOf(command, options), (settings) => Swarm.stream(command.task, settings))

export const run = Effect.fnUntraced(function* ({ cost, maxTokens, recording, ...input }: Input) {
  const command: Command = {
    task: input.task,
    agents: input.agents,
    cost: Option.getOrUndefined(cost),
    maxTokens: Option.getOrUndefined(maxTokens)
  }
  const { id, journal, schema } = recording
  if (Option.isSome(journal)) {
    const { record } = yield* loadModule(() => import("./swarmJournal.ts"))
    return yield* record({ ...input, command, id, schema, journal: journal.value })
  }
  if (Option.isSome(id)) return yield* refuse("--id")
  if (Option.isSome(schema)) return yield* refuse("--schema")
  const { options } = input
  yield* follow(yield* events(command, options), input).pipe(
    Effect.mapError((error) =>
      error instanceof SwarmSuspendedError ? new HintedError(error, suspendedHint.unrecorded(error)) : error
    ),
    Effect.provide(client.layer(options)),
    Effect.onInterrupt(() => Interruption.note("With --journal, a swarm can be continued."))
  )
})
