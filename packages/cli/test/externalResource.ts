/** What a page would load. */

const loading =
  /<(?:script|link|img|iframe|object|embed|base)\b|@import|url\((?!["']?#)|(?:src|href)="(?!#)[^"]*"|\/\/[\w-]+\.\w+/i

/** The first script, or reference to another resource. A namespace is a name, and a part of the page itself is no other resource. */
export const externalIn = (page: string): string | undefined =>
  loading.exec(page.replaceAll(/ xmlns(?::\w+)?="[^"]*"/g, ""))?.[0]
