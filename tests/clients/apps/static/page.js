// Says in the page what came, when all of it has come.
const text = (id, value) => { document.getElementById(id).textContent = id + ': ' + value; };
window.addEventListener('load', async () => {
    text('styled', getComputedStyle(document.getElementById('styled')).width);
    text('loaded', Array.from(document.images, image => image.naturalWidth).join(' '));
    const small = await Promise.all([1, 2, 3].map(n => fetch('/parts/' + n).then(answer => answer.text())));
    const body = 'b'.repeat(200000);
    const echo = await fetch('/echo', {method: 'POST', body}).then(answer => answer.text());
    const empty = await fetch('/status/204');
    text('answers', [...small.map(answer => answer.length), echo === body, empty.status].join(' '));
});
