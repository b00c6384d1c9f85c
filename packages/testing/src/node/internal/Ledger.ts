/** The ledger of a server. Responses are evaluated when it is read, so that it does not slow down the server. */
import type { ServerResponse } from "node:http"
import type { RenderedReply, WirePlan } from "../../internal/wirePlan.ts"
import type { HostLedger, LedgerEntry } from "../HostLedger.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as Billing from "./billing.ts"

/** A response while it is sent, and what is needed to bill it. */
export interface Delivery {
  readonly request: Pick<ReceivedRequest, "method" | "path" | "json">
  readonly plan: WirePlan
  /** What the host would have sent without a fault. */
  readonly reply: RenderedReply
  /** Writes that were sent. */
  writes: number
  /** Until the response has ended. */
  response: ServerResponse | undefined
  status: number | undefined
  /** Whether the server ended the response early. */
  isEndedEarly: boolean
  isFinished: boolean
}

const decoder = new TextDecoder()

/** The text that was sent. The writes of some faults never end. */
const sentText = ({ plan, writes }: Delivery): string => {
  let text = ""
  let left = writes
  if (left === 0) return text
  for (const part of plan.writes) {
    text += decoder.decode(part, { stream: true })
    if (--left === 0) break
  }
  return text + decoder.decode()
}

/** A client can have received the end before the server notices that it was sent. */
const isEnded = ({ isFinished, response }: Delivery): boolean => response?.writableEnded ?? isFinished

const outcomeOf = (delivery: Delivery): LedgerEntry["outcome"] => {
  if (delivery.isEndedEarly) return "broken"
  if (!isEnded(delivery)) return delivery.response === undefined ? "broken" : "open"
  if (delivery.status !== 200) return "rejected"
  return isSentInFull(delivery) ? "answered" : "broken"
}

/** A fault can end a stream properly before its last event. */
const isSentInFull = (delivery: Delivery): boolean => {
  const { events, isStream } = delivery.reply
  return !isStream || sentText(delivery).endsWith(events.at(-1) ?? "")
}

const modelOf = (json: unknown): string | undefined =>
  typeof json === "object" && json !== null && "model" in json && typeof json.model === "string"
    ? json.model
    : undefined

const statusOf = ({ response, status }: Delivery): number | undefined =>
  response === undefined ? status : response.headersSent ? response.statusCode : undefined

const entryOf = (delivery: Delivery): LedgerEntry => {
  const { path, method, json } = delivery.request
  const status = statusOf(delivery)
  const isBilled = status === 200 && path.endsWith("/chat/completions")
  return {
    route: `${method} ${path}`,
    model: modelOf(json),
    status,
    outcome: outcomeOf(delivery),
    billed: isBilled ? Billing.billedFor(delivery.reply, sentText(delivery)) : Billing.nothing
  }
}

/** Deliveries of one server. */
export class Ledger {
  readonly #maxEntries: number
  readonly #deliveries: Array<Delivery> = []
  /** Of requests that are no longer listed. */
  #earlier = { requested: 0, answered: 0, billed: Billing.nothing }

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Adds a request whose response will be sent. */
  open(request: ReceivedRequest, plan: WirePlan, reply: RenderedReply, response: ServerResponse): Delivery {
    const { json, method, path } = request
    const delivery: Delivery = {
      request: { method, path, json },
      plan,
      reply,
      writes: 0,
      response,
      status: undefined,
      isEndedEarly: false,
      isFinished: false
    }
    // Before those who wait for the end of a response.
    response.prependOnceListener("close", () => {
      delivery.status = statusOf(delivery)
      delivery.isFinished = response.writableFinished
      delivery.response = undefined
    })
    this.#deliveries.push(delivery)
    this.#removeOldest()
    return delivery
  }

  /** What was requested, answered and billed. */
  read(batches: HostLedger["batches"]): HostLedger {
    const entries = this.#deliveries.map(entryOf)
    return {
      requested: this.#earlier.requested + entries.length,
      answered: this.#earlier.answered + entries.filter(({ outcome }) => outcome === "answered").length,
      billed: entries.reduce((sum, { billed }) => Billing.add(sum, billed), this.#earlier.billed),
      batches,
      entries
    }
  }

  clear(): void {
    this.#deliveries.length = 0
    this.#earlier = { requested: 0, answered: 0, billed: Billing.nothing }
  }

  /** A response that is still open stays until it has ended. */
  #removeOldest(): void {
    while (this.#deliveries.length > this.#maxEntries && this.#deliveries[0]?.response === undefined) {
      const delivery = this.#deliveries.shift()
      if (delivery === undefined) return
      const { billed, outcome } = entryOf(delivery)
      this.#earlier = {
        requested: this.#earlier.requested + 1,
        answered: this.#earlier.answered + (outcome === "answered" ? 1 : 0),
        billed: Billing.add(this.#earlier.billed, billed)
      }
    }
  }
}
