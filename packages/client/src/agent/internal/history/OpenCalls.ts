/** Calls of a foreign history that have no result yet. */

interface OpenCall {
  readonly id: string
  isOpen: boolean
}

/** Calls by a key, oldest first; those before `from` are no longer open. */
interface CallQueue {
  readonly calls: Array<OpenCall>
  from: number
}

const addTo = (queues: Map<string, CallQueue>, key: string, call: OpenCall): void => {
  const queue = queues.get(key)
  if (queue === undefined) queues.set(key, { calls: [call], from: 0 })
  else queue.calls.push(call)
}

/** The id of the oldest call of a queue that is open, which it then is no longer. */
const takeFrom = (queue: CallQueue | undefined): string | undefined => {
  if (queue === undefined) return undefined
  for (; queue.from < queue.calls.length; queue.from++) {
    const call = queue.calls[queue.from]
    if (call?.isOpen !== true) continue
    call.isOpen = false
    return call.id
  }
  return undefined
}

/** Each call is found in constant time: long histories may have results in any order. */
export class OpenCalls {
  readonly #byId = new Map<string, CallQueue>()
  readonly #byName = new Map<string, CallQueue>()

  add(id: string, name: string): void {
    const call: OpenCall = { id, isOpen: true }
    addTo(this.#byId, id, call)
    addTo(this.#byName, name, call)
  }

  takeById(id: string): string | undefined {
    return takeFrom(this.#byId.get(id))
  }

  takeByName(name: string | undefined): string | undefined {
    return name === undefined ? undefined : takeFrom(this.#byName.get(name))
  }
}
