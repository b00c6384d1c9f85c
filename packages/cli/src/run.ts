/** Runs the command on arguments. */
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { UsageError } from "./commandError.ts"
import { load } from "./commandFor.ts"
import * as exitCodes from "./exitCodes.ts"
import { beforeEnd, wantsJson } from "./jsonArgument.ts"
import * as LogLines from "./logLines.ts"
import { jsonText } from "./output.ts"
import { shellWord } from "./shellWord.ts"
import { version } from "./version.ts"
import { withoutManyWords } from "./wordFlags.ts"

/** Whether a flag follows a subcommand whose name is wrong: which flags there are depends on its right name. */
const isAfterWrongName = (
  { errors }: CliOutput.Presenter.InvalidInvocation,
  option: string,
  args: ReadonlyArray<string>
): boolean => {
  const wrong = errors.find((error) => error._tag === "UnknownSubcommand")
  if (wrong === undefined) return false
  return args.indexOf(wrong.subcommand) < args.findIndex((arg) => arg.split("=")[0] === option)
}

/** What to run for the help of a command, for those who expect a command of that name. */
const helpAdvice = (
  { commandPath, errors }: CliOutput.Presenter.InvalidInvocation,
  args: ReadonlyArray<string>
): string | undefined => {
  const isHelp = errors.some((error) => error._tag === "UnknownSubcommand" && error.subcommand === "help")
  if (!isHelp) return undefined
  const names = args.slice(args.indexOf("help") + 1).filter((arg) => /^[a-z][a-z-]*$/.test(arg))
  return `Did you mean ${[...commandPath, ...names].join(" ")} --help?`
}

const keyAdvice =
  "A key is not given as a flag, which other users of the machine can read: set KIMI_API_KEY, or give --api-key-file."

/** Where what looks like an unknown flag is given. */
const flagAdvice = (event: CliOutput.Presenter.InvalidInvocation, args: ReadonlyArray<string>): string | undefined => {
  const { commandPath, errors, helpDoc } = event
  const found = errors.find((error) => error._tag === "UnrecognizedOption")
  if (found === undefined || isAfterWrongName(event, found.option, args)) return undefined
  if (/^--(?:api-?)?key$/iu.test(found.option)) return keyAdvice
  const path = commandPath.join(" ")
  const isBeforeName = found.command !== undefined && found.command.length < commandPath.length
  if (isBeforeName) return `Flags of a subcommand are given after its name: ${path} ${found.option}`
  if (helpDoc.args !== undefined && helpDoc.args.length > 0) {
    return `An argument that begins with - is given last, after --: ${path} ... -- ${found.option}`
  }
  return helpDoc.subcommands === undefined || helpDoc.subcommands.length === 0
    ? undefined
    : `Flags of a subcommand are given after its name: ${path} SUBCOMMAND ${found.option}`
}

/** Only errors show values of the command line, so that no other command loads it. */
const loadRedaction = loadModule(() => import("./redaction.ts"))

/** What is wrong, and where to read more. */
const usageText = (event: CliOutput.Presenter.InvalidInvocation, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const { withoutSecrets } = yield* loadRedaction
    const formatter = CliOutput.defaultFormatter({ colors: canColor })
    yield* Console.error(withoutSecrets(formatter.formatErrors(event.errors).trimStart()))
    const advice = helpAdvice(event, args) ?? flagAdvice(event, args)
    if (advice !== undefined) yield* Console.error(`\n${withoutSecrets(advice)}`)
    yield* Console.error(`\nUsage: ${event.helpDoc.usage}\nRun ${event.commandPath.join(" ")} --help for its flags.`)
  })

/** The same in the form of the other errors. */
const usageJson = (event: CliOutput.Presenter.InvalidInvocation, args: ReadonlyArray<string>) =>
  Effect.flatMap(loadRedaction, ({ withoutSecrets }) =>
    Console.error(
      jsonText({
        error: {
          tag: "UsageError",
          category: "usage",
          message: withoutSecrets(event.errors.map(({ message }) => message).join("\n")),
          hint: withoutSecrets(helpAdvice(event, args) ?? flagAdvice(event, args) ?? `Usage: ${event.helpDoc.usage}`),
          exitCode: exitCodes.usage
        }
      })
    )
  )

const shortened = (event: CliOutput.Presenter.Help): CliOutput.Presenter.Help => ({
  ...event,
  helpDoc: {
    ...event.helpDoc,
    flags: event.helpDoc.flags.map((flag) => ({ ...flag, description: Option.map(flag.description, withoutManyWords) }))
  }
})

/** On stderr: stdout has results only. */
const presenterOf = (isJson: boolean, args: ReadonlyArray<string>): CliOutput.Presenter => ({
  present: (event) => {
    if (event._tag === "Help") return CliOutput.defaultPresenter.present(shortened(event))
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    return isJson ? usageJson(event, args) : usageText(event, args)
  }
})

const settingsOf = (isJson: boolean, args: ReadonlyArray<string>) =>
  Layer.mergeAll(
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
    CliOutput.layerPresenter(presenterOf(isJson, args)),
    // The default logger writes to stdout, which has results only.
    Logger.layer([Logger.withConsoleError(LogLines.logger)])
  )

/**
 * An argument such as `-1 hour`, of which each character would be a short flag: its
 * h would print the help with the exit code 0. The command has -h and -v alone.
 */
const misread = (args: ReadonlyArray<string>): UsageError | undefined => {
  const given = beforeEnd(args)
  const at = given.findIndex((arg) => /^-(?:\d|[^-].)/s.test(arg))
  const word = given[at]
  if (word === undefined) return undefined
  const before = given[at - 1] ?? ""
  const flag = before.startsWith("--") && !before.includes("=") ? before : "--flag"
  return new UsageError(
    `${shellWord(word)} begins with -, and would be read as flags`,
    `Give it as ${flag}=${shellWord(word)} if it is the value of a flag, and last, after --, if it is an argument.`
  )
}

/** Runs the command, reports its failure on stderr, and returns the exit code. */
export const run = (args: ReadonlyArray<string>) => {
  const isJson = wantsJson(args)
  const command = Effect.gen(function* () {
    const wrong = misread(args)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    yield* Command.runWith(yield* loadModule(() => load(args)), { version })(args)
  })
  return command.pipe(
    Effect.provide(settingsOf(isJson, args)),
    Effect.as(0),
    // Every error of the library is in this module, which a command that succeeds does not load.
    Effect.catchCause((cause) =>
      Effect.flatMap(
        loadModule(() => import("./failure.ts")),
        ({ report }) => report(cause, { command: args[0] ?? "", isJson })
      )
    )
  )
}
