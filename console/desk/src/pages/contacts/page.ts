import { define_page } from '@/app/page'

export default define_page({
  name: 'contacts',
  title: { zh: '客户', en: 'Contacts' },
  nav: { group: 'work', order: 20, icon: 'users', keys: 'g c' },
  permission: 'contacts.read',
  routes: [
    { path: '/contacts', component: () => import('./ContactsPage.vue') },
    { path: '/contacts/:id', name: 'contact', component: () => import('./ContactPage.vue') },
  ],
})
