/** Media types of responses. */
import type * as Headers from "effect/http/Headers"

/** Whether a response declares server-sent events. Media types are case-insensitive and may have parameters. */
export const isEventStream = (headers: Headers.Headers): boolean =>
  /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(headers["content-type"] ?? "")

/** The types that an API, a gateway or a file server answers with: the header can hold any other text. */
const knownType =
  /^\s*((?:text\/(?:html|plain|xml|csv|css|javascript|markdown|event-stream)|application\/(?:json|[a-z.]{1,32}\+(?:json|xml)|x-ndjson|jsonl|xml|xhtml\+xml|javascript|octet-stream|pdf|zip|gzip|grpc|x-www-form-urlencoded)|multipart\/form-data|(?:image|audio|video)\/[a-z\d]{2,5})(?:; ?charset=(?:utf-?8|utf-16|us-ascii|iso-8859-\d{1,2}|windows-\d{3,4}|gbk|gb2312|gb18030|big5))?)\s*(?:[;,]|$)/i

/** The media type that a response declares, with its character set, for errors; `undefined` if it is not a known one. */
export const mediaTypeOf = (headers: Headers.Headers): string | undefined =>
  knownType.exec(headers["content-type"]?.slice(0, 256) ?? "")?.[1]
