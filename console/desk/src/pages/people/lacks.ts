/** The permission that a refusal names: "your role lacks the permission contacts.read; ...". '' when it names none. */
export const lacking = (detail: string): string => /\bpermission ([a-z]+(?:\.[a-z]+)?)\b/.exec(detail)?.[1] ?? ''
