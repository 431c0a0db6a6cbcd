"""Extractors for the site that the tests serve: channels with ids, as large sites have them."""

from yt_dlp.extractor.common import InfoExtractor


class LocalVideoIE(InfoExtractor):
    _VALID_URL = r'(?P<base>http://127\.0\.0\.1:\d+)/watch/(?P<id>[^/?#]+)'

    def _real_extract(self, url):
        base, video_id = self._match_valid_url(url).group('base', 'id')
        return {'id': video_id, **self._download_json(f'{base}/api/video/{video_id}', video_id)}


class LocalChannelIE(InfoExtractor):
    _VALID_URL = r'(?P<base>http://127\.0\.0\.1:\d+)/channel/(?P<id>[^/?#]+)'

    def _real_extract(self, url):
        base, name = self._match_valid_url(url).group('base', 'id')
        page = self._download_json(f'{base}/api/channel/{name}', name)
        kind = LocalChannelIE if page.get('tabs') else LocalVideoIE
        entries = [self.url_result(base + e['path'], kind, e['id'], e.get('title')) for e in page['entries']]
        return self.playlist_result(entries, name, page['title'])
