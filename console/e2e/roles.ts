export const roles = ['admin', 'manager', 'sales', 'marketing', 'service', 'compliance', 'readonly'] as const
export type Role = (typeof roles)[number]
