/** A realm that has the globals of a browser only, in which a bundle runs. */
import { createContext, runInContext } from "node:vm"

/** The globals of a browser that the bundles use. */
const globals = (): Record<string, unknown> => ({
  AbortController,
  AbortSignal,
  Blob,
  CompressionStream,
  DecompressionStream,
  FormData,
  Headers,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
  structuredClone
})

/** Runs code in a separate realm. Returns the value of its last expression. */
export const run = (code: string): unknown => runInContext(code, createContext(globals()))
