/** Swarms in a journal: records them, shows them, continues them and ends them. */
import * as Journal from "@kimi-effect/client/journal/Journal"
import * as Swarm from "@kimi-effect/client/swarm/Swarm"
import type { SwarmStatus } from "@kimi-effect/client/swarm/SwarmStatus"
import * as Digest from "@kimi-effect/core/internal/Digest"
import { JournalMismatchError } from "@kimi-effect/core/JournalErrors"
import { SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as client from "../client.ts"
import { CommandError, wrongFlag } from "../commandError.ts"
import * as configuration from "../configuration.ts"
import type { Amount } from "../numberFlags.ts"
import { HintedError } from "../hintedError.ts"
import * as Interruption from "../interruption.ts"
import * as journals from "../journal.ts"
import { nextCommand, sameOptions } from "../nextCommand.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { SwarmStatus as StatusJson } from "../schemas/swarm.ts"
import { shellPath, shellWord } from "../shellWord.ts"
import * as suspendedHint from "../suspendedHint.ts"
import { events, follow } from "./swarm.ts"

/** What is requested, so that a swarm is continued by its id. */
const Command = Schema.Struct({
  task: Schema.String,
  agents: Schema.Int,
  cost: Schema.optional(Schema.Struct({ amount: Schema.String, currency: Schema.Literals(["USD", "CNY"]) })),
  maxTokens: Schema.optional(Schema.Int)
})

type Command = typeof Command.Type

const command = "command"

/** The run of the command, in addition to that of its swarm. */
const runOf = (id: string): string => `${id}/${command}`

const header = { kind: "kimi swarm", digest: "1" }

/** Keeps what is requested first. Another process may do the same at this moment. */
const keep = (id: string, asked: Command) =>
  Effect.scoped(
    Effect.gen(function* () {
      const worker = yield* (yield* Journal.Journal).join(runOf(id), header)
      yield* worker.add([command])
      const [lease] = yield* worker.claim({ limit: 1, resource: command })
      if (lease === undefined) return
      yield* lease.call({ key: command, digest: command, codec: Command, isIdempotent: true }, Effect.succeed(asked))
      yield* lease.complete
    }).pipe(Effect.catchTag("LeaseLostError", () => Effect.void))
  )

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Command))

const missing = (id: string) =>
  Effect.fail(new CommandError(`There is no swarm ${id} in the journal`, "Check the id and the --journal."))

const isMissing = (error: unknown): boolean => error instanceof InvalidRequestError && error.parameter === "id"

const asked = (id: string) =>
  Effect.gen(function* () {
    const [known] = yield* (yield* Journal.Journal).results(runOf(id), command)
    const found = known === undefined ? Option.none() : decode(known.json)
    return Option.isSome(found) ? found.value : yield* missing(id)
  })

interface Named extends journals.JournalFlags {
  readonly id: string
  readonly json: boolean
  readonly options: Given
}

interface Followed extends Named {
  readonly html: Option.Option<string>
  /** In place of the amount in the journal. */
  readonly cost: Option.Option<Amount>
}

const flagOf = <A>(flag: string, value: Option.Option<A>, word: (value: A) => string): ReadonlyArray<string> =>
  Option.isSome(value) ? [flag, word(value.value)] : []

/** How a swarm is continued: with the flags that its journal does not have. */
const resumeOf = ({ cost, html, id, journal, json, options, schema }: Followed): string => {
  const flags = [
    "--journal",
    shellPath(journal),
    ...flagOf("--schema", schema, shellWord),
    ...flagOf("--cost", cost, ({ amount, currency }) => shellWord(`${amount} ${currency}`)),
    ...flagOf("--html", html, shellPath),
    ...(json ? ["--json"] : [])
  ]
  // An id such as -x is no flag after the two dashes.
  const words = id.startsWith("-") ? [...flags, "--", shellWord(id)] : [shellWord(id), ...flags]
  return nextCommand("continue", ["kimi swarm resume", ...words].join(" "), sameOptions(options))
}

/** Whether a swarm was cancelled, is the one of another command, or fails again in the same way. */
const isOver = (error: unknown): boolean =>
  error instanceof CommandError || error instanceof JournalMismatchError || error instanceof InvalidRequestError

const capitalized = (text: string): string => text.replace(/^./, (first) => first.toUpperCase())

/** Runs a recorded swarm. If it ends before it is finished, states how it continues. */
const work = (input: Followed, command: Command) =>
  Effect.gen(function* () {
    const made = Swarm.durableStream(input.id, yield* events(command, input.options))
    yield* Output.note(`Swarm ${shellWord(input.id)}`)
    yield* follow(made, input)
  }).pipe(
    Effect.onInterrupt(() => Interruption.noteContinued(capitalized(resumeOf(input)))),
    // As a hint, the command follows what removes the cause.
    Effect.mapError((error) =>
      error instanceof SwarmSuspendedError
        ? new HintedError(error, suspendedHint.recorded(error, resumeOf(input)))
        : error
    ),
    Effect.tapError((error) => (isOver(error) ? Effect.void : Output.note(capitalized(resumeOf(input)))))
  )

interface RecordInput extends Omit<Followed, "cost" | "id"> {
  readonly command: Command
  readonly id: Option.Option<string>
}

/** Runs a task whose swarm is recorded, or continues it. */
export const record = ({ command, id, ...input }: RecordInput) => {
  const named = { ...input, cost: Option.none(), id: Option.getOrElse(id, () => Digest.of(command.task).toString(36)) }
  return Effect.andThen(keep(named.id, command), work(named, command)).pipe(
    Effect.provide(Layer.merge(client.layer(input.options), journals.layer(input.options, input, "create")))
  )
}

export const resume = (input: Followed) =>
  Effect.flatMap(asked(input.id), (command) =>
    // The requests of a swarm with a limit name its model, those of others do not.
    command.cost === undefined && Option.isSome(input.cost)
      ? Effect.fail(wrongFlag("--cost", "a swarm that has begun with a --cost: --budget limits others"))
      : work(input, { ...command, cost: Option.getOrElse(input.cost, () => command.cost) })
  ).pipe(Effect.provide(Layer.merge(client.layer(input.options), journals.layer(input.options, input, "existing"))))

const toText = ({ agents, calls, id, state }: SwarmStatus): string =>
  [
    `Swarm ${shellWord(id)}: ${state}, recorded calls: ${calls}`,
    ...agents.map((agent) => `  ${Output.plain(agent.id)}: ${agent.state}`)
  ].join("\n")

const show = (input: Named, state: Effect.Effect<SwarmStatus, unknown, Journal.Journal>) => {
  const shown = Effect.gen(function* () {
    const known = yield* Effect.catch(state, (error) => (isMissing(error) ? missing(input.id) : Effect.fail(error)))
    const result: StatusJson = known
    yield* input.json ? Output.json(result) : Output.line(toText(known))
  }).pipe(Effect.provide(journals.layer(input.options, input, "existing")))
  // A journal in a file needs no option, but one that is wrong is wrong in every command.
  return Effect.andThen(configuration.loadWithoutKey(input.options), shown)
}

export const status = (input: Named) => show(input, Swarm.status(input.id))

export const cancel = (input: Named) => show(input, Effect.andThen(Swarm.cancel(input.id), Swarm.status(input.id)))
