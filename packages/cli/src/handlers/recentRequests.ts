/** Which rows of a batch are equal to another one that is not long before them. */
import { createHash } from "node:crypto"
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"

/** Those whose answers a batch keeps for rows that are equal. */
const mostKept = 1000

/** The digests of the latest requests, in constant memory. */
export class RecentRequests {
  readonly #digests = new Set<string>()

  /** Whether an equal one is among the latest, of which this one is then the last. */
  has(request: ChatRequest): boolean {
    const digest = createHash("sha256").update(CanonicalJson.stringify(request)).digest("base64")
    const isKnown = this.#digests.delete(digest)
    this.#digests.add(digest)
    const [oldest = ""] = this.#digests
    if (this.#digests.size > mostKept) this.#digests.delete(oldest)
    return isKnown
  }
}
