import { define_page } from '@/app/page'

export default define_page({
  name: 'home',
  title: { zh: '工作台', en: 'Home' },
  routes: [{ path: '/home', component: () => import('./HomePage.vue') }],
})
