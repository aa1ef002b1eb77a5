import { define_page } from '@/app/page'

export default define_page({
  name: 'channels',
  title: { zh: '渠道活码', en: 'Channels' },
  nav: { group: 'grow', order: 10, icon: 'qr', keys: 'g q' },
  permission: 'channels.read',
  routes: [
    { path: '/channels', component: () => import('./ChannelsPage.vue') },
    { path: '/channels/new', name: 'channel-new', component: () => import('./ChannelEditPage.vue'), permission: 'channels.write' },
    { path: '/channels/:id', name: 'channel', component: () => import('./ChannelPage.vue') },
    { path: '/channels/:id/edit', name: 'channel-edit', component: () => import('./ChannelEditPage.vue'), permission: 'channels.write' },
  ],
})
