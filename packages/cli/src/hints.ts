/** What to change after an error of the library, in the words of the command: its flags, files and subcommands. */
import type { InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { type Hints, hintsOf } from "./commandHints.ts"
import { shellPath } from "./shellWord.ts"

/** Errors whose hint in the library names modules and options of it, in words of every command. */
const byTag: Hints = {
  GatewayRefusedError:
    "Check the firewall, gateway or proxy between this machine and the host: its rules for this address, the proxy with its credentials, and --base-url.",
  ConnectTimeoutError: "Raise --set connectTimeout, or check the network route to the host.",
  ConnectionPoolTimeoutError: "Raise --set maxConnections, or run fewer calls at the same time.",
  FirstTokenTimeoutError: "Raise --set firstTokenTimeout, or shorten the prompt.",
  IdleTimeoutError: "Raise --set idleTimeout, or run the command again.",
  TotalTimeoutError: "Raise --total-timeout, or lower max_completion_tokens.",
  DeadlineExceededError: "Raise --set deadline, or lower max_completion_tokens.",
  ContextLengthError:
    "Shorten the messages, lower max_completion_tokens, or choose a model with a larger window: kimi models.",
  ModelNotFoundError: "kimi models --live lists the models of this key; pass one of them with --model.",
  ModelRetiredError: "Pass the successor of this model with --model; kimi models --all lists both.",
  RequestTooLargeError: "Send less: shorten the messages, or refer to uploaded files.",
  UnsupportedMediaError: "Use an image or a video in a format that the model supports.",
  EmptyMessageError: "Give every message some content.",
  GatewayTimeoutError: "Lower max_completion_tokens: the gateway timed out while waiting for the model.",
  ReasoningBudgetExhaustedError: "Raise max_completion_tokens: reasoning and response share the tokens.",
  MalformedOutputError: "Pass --set markup=keep, or use a host that parses the model's output.",
  CircuitOpenError:
    "Check with kimi doctor whether the host answers: too many attempts have failed, so that calls are not sent for some time.",
  AdmissionTimeoutError: "Send fewer calls, raise the account's tier with --tier, or raise --set admissionMaxWait.",
  AdmissionQueueFullError: "Send fewer calls at the same time, or raise --set admissionMaxQueue.",
  AdmissionLimitError:
    "Shorten the messages or lower max_completion_tokens: the host counts both against the account's limit.",
  BudgetExceededError:
    "Raise the cap of --budget, set or lower max_completion_tokens, pass --set budgetDefaultOutputTokens, or wait until running calls have settled.",
  UnknownPriceError: "Pass a model whose price kimi models lists; for a --budget, --set budgetOnUnknownPrice=allow.",
  ConfigurationError:
    "Give what is named the expected form: a flag, a variable, or an option of a file; kimi config shows where each value comes from.",
  ResponseTooLargeError: "Raise --set maxResponseBytes, or --set maxContentBytes for what is held in memory.",
  EventTooLargeError: "Raise --set maxEventBytes if stream events of that size are expected.",
  ToolArgumentsTooLargeError: "Raise --set maxToolArgumentBytes if arguments of that size are expected.",
  JournalMismatchError: "Run it with the input, flags and task of the first run, or choose another id.",
  JournalStoreError:
    "Check that the path or the server that the message names can be reached and written to and is not full, then run the same command again.",
  FileLimitError: "Delete files that are no longer needed with kimi files delete, then upload again.",
  BatchNotFoundError:
    "Check that the key and --base-url are those of the account that created the batch; if the host has lost it, run kimi batch forget, which checks that, and then kimi batch run, which sends the rows again."
}

/** The flags that give the library's options their values. */
const flagOf: { readonly [name: string]: string } = {
  "Batch concurrency": "--rows",
  "Batch stop.deadline": "--deadline",
  "BatchJob prompts": "--column or --template",
  "BatchJob prompts.template": "--template",
  "BatchJob separator": "--separator",
  "HostBatchJob completionWindow": "--window",
  "HostBatchJob interval": "--poll",
  "HostBatchJob stop.deadline": "--deadline",
  "Journal schema": "--schema",
  "SharedBatchJob id": "--shared",
  "traffic.calls": "--calls"
}

/** The flags whose files are not what they must be. */
const fileFlagOf = (name: string): string | undefined =>
  /^(?:audit|paths\[\d+\])$/.test(name) ? "--traffic" : undefined

const named = (name: string): string => flagOf[name] ?? fileFlagOf(name) ?? name

/** All problems that are known, so that they are corrected in one go. */
const batchMessage = (heading: string, count: number, issues: InvalidBatchError["issues"]): string =>
  [
    `${heading}:`,
    ...issues.map(({ line, reason }) => `  ${line === undefined ? "" : `line ${line}: `}${reason}`),
    ...(count > issues.length ? [`  and ${count - issues.length} more`] : [])
  ].join("\n")

/** Whether all that is wrong are flags of the command itself, which no option, variable or file sets. */
export const isOfFlags = (error: KimiError): error is ConfigurationError =>
  error._tag === "ConfigurationError" && error.issues.every(({ name }) => Object.hasOwn(flagOf, name))

/** Whether the limit of the cost of a swarm is too low, which a flag of the command alone sets. */
export const isOfCost = (error: KimiError): boolean =>
  error._tag === "InvalidRequestError" && error.parameter === "limits.cost"

export const costHint = "Raise --cost to at least the amount that the message names."

/** What is wrong with flags, one on a line. */
export const flagMessageOf = ({ issues }: ConfigurationError): string =>
  issues.map(({ expected, name }) => `${named(name)}: expected ${expected}`).join("\n")

/** A text of JSON as a word of a command line, in quotes if it needs them, and no flag. */
const wordOf = (json: string): string => shellPath(String(JSON.parse(json)))

/** Where the command has another name. */
const commandOf: { readonly [call: string]: string } = { abandon: "forget --force", collect: "resume" }

/** The commands that do what the library's calls do. */
const inCommands = (text: string): string =>
  text
    .replaceAll(/(?:Host)?BatchJob\.(\w+)\((("(?:[^"\\]|\\.)*"(?:, )?)+)\)/g, (_, name: string, list: string) => {
      const words = [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([json]) => wordOf(json))
      return ["kimi batch", commandOf[name] ?? name, ...words].join(" ")
    })
    .replaceAll("HostBatchJob.abandon", "kimi batch forget --force")
    .replaceAll("BatchApi.list", "kimi batch list")

/** The message, with flags in place of the library's options. */
export const messageOf = (error: KimiError): string => {
  if (error._tag === "InvalidBatchError" && error.count > 1) {
    return batchMessage("The host would refuse the batch", error.count, error.issues)
  }
  if (error._tag === "BatchFailedError" && error.issues !== undefined) {
    const { count, issues } = error
    return batchMessage(`The host has refused the batch ${error.batchId}`, count ?? issues.length, issues)
  }
  return error._tag === "ConfigurationError"
    ? ConfigurationError.of(error.issues.map(({ expected, name }) => ({ name: named(name), expected }))).message
    : error.message.replaceAll("limits.cost", "--cost")
}

/** What to change if the content of a file that a flag names is not what it must be. */
export const fileHintOf = (error: KimiError): string | undefined =>
  error._tag === "ConfigurationError" && error.issues.every(({ name }) => fileFlagOf(name) !== undefined)
    ? "Pass files that an audit log has written with --traffic."
    : undefined

/** What to change, in a command by its first word. A hint of this one error, such as the values that a parameter may have, stays. */
export const hintOf = (error: KimiError, command: string): string => {
  return "fix" in error && error.fix !== undefined
    ? inCommands(error.hint)
    : (hintsOf(command)[error._tag] ?? byTag[error._tag] ?? error.hint)
}
