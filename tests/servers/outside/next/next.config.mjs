export default {
  rewrites: async () => [{ source: "/rewritten/:path*", destination: `${process.env.API}/rewritten/:path*` }],
};
