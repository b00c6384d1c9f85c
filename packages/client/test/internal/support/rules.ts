/**
 * Applies one rule to one request.
 */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import type { Rule } from "../../../src/internal/rules/Rule.ts"
import { providers } from "../../../src/Provider.ts"
import { fields } from "./errors.ts"

/** The models of the catalogue by their capabilities. */
export const families = {
  k3: ["kimi-k3", "kimi-k3.1-pro", "kimi-k3.1-pro-highspeed"],
  k27: ["kimi-k2.7-code", "kimi-k2.7-code-highspeed"],
  k26: ["kimi-k2.6"],
  k25: ["kimi-k2.5"],
  k2: ["kimi-k2-0905-preview", "kimi-k2-0711-preview", "kimi-k2-turbo-preview"],
  k2Thinking: ["kimi-k2-thinking", "kimi-k2-thinking-turbo", "kimi-thinking-preview"],
  v1: ["moonshot-v1-8k", "moonshot-v1-32k", "moonshot-v1-128k", "moonshot-v1-auto", "kimi-latest"]
} as const

export type Family = keyof typeof families

export const familyNames: ReadonlyArray<Family> = ["k3", "k27", "k26", "k25", "k2", "k2Thinking", "v1"]

/** Hosts other than Moonshot. */
export const elsewhere: ReadonlyArray<KimiConfig.ProviderId> = KimiConfig.providerIds.filter(
  (id) => !providers[id].isMoonshot
)

export const user: Message = { role: "user", content: "hi" }

export type Members = Omit<ChatRequest, "messages" | "model"> & { readonly messages?: ReadonlyArray<Message> }

export const requestOf = (model: string, members: Members = {}): ModelRequest => ({
  messages: [user],
  ...members,
  model
})

export interface Found {
  /** The error's members without provider and model. */
  readonly error: Record<string, unknown>
  /** The repaired request; absent where there is no repair. */
  readonly repaired?: ModelRequest
  readonly note?: string
}

/** The problem that a rule finds, or `undefined`. */
export const ask = (
  rule: Rule,
  model: string,
  members?: Members,
  host: KimiConfig.ProviderId = "moonshot"
): Found | undefined => {
  const problem = rule(requestOf(model, members), { provider: providers[host], knownModel: ModelCatalog.find(model) })
  if (problem === undefined) return undefined
  const { provider, model: named, ...error } = fields(problem.error)
  if (provider !== host || named !== model) throw new Error("The error names another host or model")
  return {
    error,
    ...(problem.repair === undefined ? {} : { repaired: problem.repair.request, note: problem.repair.note })
  }
}
