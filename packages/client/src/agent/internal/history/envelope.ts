/** One message of a foreign history: its role, and the members that hold the rest. */
import { isObject, type Members, own } from "../../../internal/jsonMembers.ts"

type Role = "system" | "user" | "assistant" | "tool"

export interface Envelope {
  readonly role: Role
  readonly members: Members
}

/** Roles of chat APIs, and the types and classes of LangChain's messages. */
const roles: ReadonlyMap<string, Role> = new Map<string, Role>([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["human", "user"],
  ["assistant", "assistant"],
  ["ai", "assistant"],
  ["model", "assistant"],
  ["tool", "tool"],
  ["function", "tool"]
])

/** `AIMessageChunk` and `ai` are the same to LangChain. */
const roleOf = (name: unknown): Role | undefined =>
  typeof name === "string" ? roles.get(name.toLowerCase().replace(/message(?:chunk)?$/, "")) : undefined

/**
 * Reads `{role, …}` of most clients, and LangChain's `{type, …}`, `{type, data}`
 * and `{lc, type: "constructor", id: […, "AIMessage"], kwargs}`.
 */
export const readEnvelope = (item: unknown): Envelope | undefined => {
  if (!isObject(item)) return undefined
  const { data, id, kwargs } = { data: own(item, "data"), id: own(item, "id"), kwargs: own(item, "kwargs") }
  const named = (name: unknown, members: Members): Envelope | undefined => {
    const role = roleOf(name)
    return role === undefined ? undefined : { role, members }
  }
  if (isObject(kwargs) && Array.isArray(id)) return named(id.at(-1), kwargs)
  const type = own(item, "type")
  if (isObject(data) && roleOf(type) !== undefined) return named(type, data)
  return named(own(item, "role"), item) ?? named(type, item)
}
