import { define_page } from '@/app/page'

export default define_page({
  name: 'sandbox',
  title: { zh: '沙盒', en: 'Sandbox' },
  nav: { group: 'system', order: 90, icon: 'flask', keys: 'g x' },
  permission: 'system.admin',
  sandbox: true,
  routes: [{ path: '/sandbox', component: () => import('./SandboxPage.vue') }],
})
