/** The id, model and time of one stream: those of the first chunk that has them. */
import type { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { Finish, Start } from "@kimi-effect/core/StreamEvent"
import type * as Headers from "effect/http/Headers"
import { modelMembers } from "./decodeCompletion.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"

/** The call that a stream answers. */
export interface HeadContext {
  readonly provider: string
  readonly model: string
}

type HeadMembers = Partial<Pick<typeof Finish.Type, "id" | "model" | "created">>

/** Collects them from the chunks. */
export class StreamHead {
  /** Whether `Start` was created. */
  isStarted = false
  /** What was sent only after `Start`. */
  late: HeadMembers = {}

  #id: string | undefined = undefined
  #model: string | undefined = undefined
  #created: number | undefined = undefined
  readonly #context: HeadContext
  readonly #headers: Headers.Headers
  readonly #ids: { readonly requestId?: string; readonly traceId?: string }

  constructor(
    context: HeadContext,
    headers: Headers.Headers,
    ids: { readonly requestId?: string; readonly traceId?: string }
  ) {
    this.#context = context
    this.#headers = headers
    this.#ids = ids
  }

  /** Whether all are known. */
  get isComplete(): boolean {
    return this.#id !== undefined && this.#model !== undefined && this.#created !== undefined
  }

  /** Adds those of a chunk that are not known yet. */
  add({ created, id, model }: ChatCompletionChunk): void {
    if (this.#id === undefined && id) {
      this.#id = id
      this.#addLate({ id })
    }
    if (this.#model === undefined && model) {
      this.#model = model
      this.#addLate({ model })
    }
    if (this.#created === undefined && created) {
      this.#created = created
      this.#addLate({ created })
    }
  }

  /** The first event of the stream. */
  start(): typeof Start.Type {
    this.isStarted = true
    const { model: requestedModel, provider } = this.#context
    const rateStatus = parseRateStatus(this.#headers)
    return {
      _tag: "Start",
      id: this.#id ?? "",
      ...modelMembers(this.#model ?? requestedModel, requestedModel),
      created: this.#created ?? 0,
      provider,
      ...this.#ids,
      ...(rateStatus === undefined ? {} : { rateStatus })
    }
  }

  #addLate(members: HeadMembers): void {
    if (this.isStarted) this.late = { ...this.late, ...members }
  }
}
