import type { Ref } from 'vue'

/** What the components that show a query need of it; every useQuery() has it. */
export interface QueryLike<T> {
  data: Readonly<Ref<T | undefined>>
  error: Readonly<Ref<Error | null>>
  dataUpdatedAt: Readonly<Ref<number>>
  refetch: () => unknown
}
