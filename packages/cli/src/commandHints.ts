/** What to change after an error of the library, where it is a flag or a file of one command. */
import type { KimiError } from "@kimi-effect/core/KimiError"

export type Hints = { readonly [T in KimiError["_tag"]]?: string }

const chat: Hints = {
  FirstTokenTimeoutError: "Raise --set firstTokenTimeout, lower --effort, or shorten the prompt.",
  TotalTimeoutError: "Raise --total-timeout, lower --max-tokens, or use --stream.",
  DeadlineExceededError: "Raise --set deadline, or lower --max-tokens.",
  ContextLengthError:
    "Shorten the conversation, lower --max-tokens, or choose a model with a larger window: kimi models.",
  RequestTooLargeError:
    "Send less: shorten the prompt, or pass large files with --image and --file, which upload them.",
  UnsupportedMediaError: "Pass an image or a video in a format that the model supports with --image.",
  ToolSchemaError:
    "Leave out the --mcp server with the tool that the message names, or change this tool in its server.",
  GatewayTimeoutError: "Use --stream, or lower --max-tokens: the gateway timed out while waiting for the model.",
  ReasoningBudgetExhaustedError: "Raise --max-tokens or lower --effort: reasoning and response share the tokens.",
  AdmissionLimitError: "Shorten the prompt or lower --max-tokens: the host counts both against the account's limit.",
  BudgetExceededError:
    "Raise the cap of --budget, set or lower --max-tokens, pass --set budgetDefaultOutputTokens, or wait until running calls have settled."
}

const batch: Hints = {
  ConnectionPoolTimeoutError: "Raise --set maxConnections, or run fewer rows at the same time with --rows.",
  AdmissionQueueFullError: "Run fewer rows at the same time with --rows, or raise --set admissionMaxQueue.",
  BudgetExceededError:
    "Raise the cap of --budget, lower max_completion_tokens of the rows or --max-tokens of prompts, pass --set budgetDefaultOutputTokens, or wait until running calls have settled.",
  UnknownPriceError:
    "Pass a model whose price kimi models lists, and --cost in its currency; for a --budget, --set budgetOnUnknownPrice=allow.",
  BatchOptionsChangedError: "Restore the flags that the message names, or choose another output file."
}

const swarm: Hints = {
  TotalTimeoutError: "Raise --total-timeout, or lower --max-tokens.",
  DeadlineExceededError: "Raise --set deadline, or lower --max-tokens.",
  GatewayTimeoutError: "Lower --max-tokens: the gateway timed out while waiting for the model.",
  ReasoningBudgetExhaustedError: "Raise --max-tokens: reasoning and response share the tokens.",
  AdmissionLimitError: "Shorten the task or lower --max-tokens: the host counts both against the account's limit.",
  AgentLimitError: "Raise --agents, or give the swarm a smaller task.",
  BudgetExceededError:
    "Raise --cost or the cap of --budget, set or lower --max-tokens, pass --set budgetDefaultOutputTokens, or wait until running calls have settled.",
  UnknownPriceError:
    "Pass a model whose price kimi models lists, and --cost in its currency; for a --budget, --set budgetOnUnknownPrice=allow."
}

const files: Hints = {
  FileNotFoundError: "kimi files list prints the ids of the files of the account of this key.",
  RequestTooLargeError: "Upload a smaller file.",
  UnsupportedMediaError: "Upload a file in a format that the message names, or pass another --purpose."
}

const byCommand: { readonly [name: string]: Hints } = { batch, chat, files, swarm }

/** The hints of a command by its first word, such as `batch`. */
export const hintsOf = (command: string): Hints => (Object.hasOwn(byCommand, command) ? byCommand[command] : {}) ?? {}
