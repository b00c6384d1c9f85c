/**
 * The latest requests of conversations, in bounded memory.
 *
 * @since 0.1.0
 */
import { commonSections, type Fingerprint, isExtension } from "./Fingerprint.ts"

/**
 * A request that the host has answered, so that its prompt may be cached.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnsweredRequest {
  readonly fingerprint: Fingerprint
  /** The tokens of its prompt, as the host reported them. */
  readonly promptTokens: number
  /** Monotonic milliseconds of its answer. */
  readonly at: number
  /** Milliseconds for which the host keeps the prompt. */
  readonly timeToLive: number
}

/** Branches of one conversation that are remembered, such as agents that share a beginning. */
const maxBranches = 8

/**
 * Keeps up to eight branches of each conversation. The conversation that was used
 * least recently is forgotten first.
 *
 * @category models
 * @since 0.1.0
 */
export class PrefixHistory {
  readonly #maxConversations: number
  /** Oldest use first. */
  readonly #conversations = new Map<string, ReadonlyArray<AnsweredRequest>>()

  constructor(maxConversations: number) {
    this.#maxConversations = maxConversations
  }

  /** The request of the conversation with the longest common prefix; of equals, the latest. */
  find(key: string, fingerprint: Fingerprint): AnsweredRequest | undefined {
    let best: AnsweredRequest | undefined
    let longest = -1
    for (const request of this.#conversations.get(key) ?? []) {
      const common = commonSections(fingerprint, request.fingerprint)
      if (common >= longest) {
        best = request
        longest = common
      }
    }
    return best
  }

  /** Adds a request, in place of those that it continues. */
  add(key: string, request: AnsweredRequest): void {
    const branches = (this.#conversations.get(key) ?? []).filter(
      (branch) => !isExtension(request.fingerprint, branch.fingerprint)
    )
    this.#conversations.delete(key)
    this.#conversations.set(key, [...branches, request].slice(-maxBranches))
    if (this.#conversations.size <= this.#maxConversations) return
    const [oldest] = this.#conversations.keys()
    if (oldest !== undefined) this.#conversations.delete(oldest)
  }
}
