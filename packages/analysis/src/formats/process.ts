import { serviceOf } from '@trace/core/spans'

/** What a span's process is made of. */
export interface ProcessParts {
  readonly service: string
  readonly pid: number | undefined
  readonly host: string | undefined
}

/** Takes `service:pid@hostname` apart. */
export function partsOf(process: string): ProcessParts {
  const service = serviceOf(process)
  const [, pid, host] = /^:(\d{1,15})@(.*)$/s.exec(process.slice(service.length)) ?? []
  return { service, pid: pid === undefined ? undefined : Number(pid), host }
}

/** Puts them together as far as they are known. */
export function processOf({ service, pid, host }: ProcessParts): string {
  return pid !== undefined && host !== undefined ? `${service}:${pid}@${host}` : service
}
