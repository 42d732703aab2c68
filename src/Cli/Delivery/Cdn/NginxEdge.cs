using System.Globalization;
using System.Text;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>An edge of one's own: a file for the <c>http</c> context of nginx. With <c>--listen</c> it answers plain HTTP on loopback, for a trial.</summary>
internal sealed class NginxEdge : CdnVendor
{
    public override string Name => "nginx";

    public override (string Option, string Meaning) Target => ("--cache-folder", "the folder of its cache, which is emptied: nginx has no tags");

    public override (int LongestTag, int MostTags, int MostPerPurge) Bounds => (1_024, 1_000, 1_000);

    public override string Configuration(EdgePolicies policies, EdgeOrigin origin)
    {
        var upstream = string.Create(CultureInfo.InvariantCulture, $"{(origin.Secure ? "https" : "http")}://{origin.Host}:{origin.Port}");
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            # Edge of {{policies.Service}}, written by fettle delivery cdn: include it in the http context.
            proxy_cache_path /var/cache/nginx/{{policies.Service}} levels=1:2 keys_zone={{policies.Service}}:10m max_size=1g inactive=1d use_temp_path=off;

            # One copy for each encoding that the service makes, however clients spell their wishes.
            map $http_accept_encoding $fettle_encoding {
                default "";
                "~*\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))" br;
                "~*\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))" gzip;
            }

            server {
            {{Listen(origin)}}
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $host;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header X-Forwarded-Proto $scheme;

            """);
        foreach (var (path, policy) in policies.Behaviours)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""

                location {{Location(path)}} {
                    limit_except GET HEAD { deny all; }
                    proxy_pass {{upstream}};
                    proxy_set_header Accept-Encoding $fettle_encoding;
                    proxy_cache {{policies.Service}};
                    proxy_cache_key $host$uri{{Query(policy)}}|$fettle_encoding;
                    proxy_cache_valid 200 {{policy.EdgeSeconds}}s;
                    proxy_ignore_headers Cache-Control Expires Vary;
                    proxy_hide_header Cache-Tag;
                    proxy_cache_lock on;
                    proxy_cache_use_stale {{(policy.EdgeStaleSeconds > 0 ? "updating error timeout" : "off")}};
                    proxy_cache_background_update {{(policy.EdgeStaleSeconds > 0 ? "on" : "off")}};
                    proxy_cache_bypass $http_authorization $http_cookie;
                    proxy_no_cache $http_authorization $http_cookie;
                    add_header X-Cache $upstream_cache_status always;
                }

            """);
        }

        text.Append(CultureInfo.InvariantCulture, $$"""

                location / {
                    proxy_pass {{upstream}};
                    add_header X-Cache BYPASS always;
                }
            }

            """);
        return text.ToString();
    }

    static string Listen(EdgeOrigin origin) => origin.Listen is { } address
        ? $"    listen {address};"
        : """
                listen 443 ssl;
                http2 on;
                server_name _;
                ssl_certificate /etc/nginx/tls/cert.pem;
                ssl_certificate_key /etc/nginx/tls/key.pem;
                ssl_protocols TLSv1.2 TLSv1.3;
            """;

    /// <summary>A parameter is one segment.</summary>
    static string Location(string path) => path.Contains('*', StringComparison.Ordinal)
        ? $"~ \"^{path.Replace(".", "\\.", StringComparison.Ordinal).Replace("*", "[^/]+", StringComparison.Ordinal)}$\""
        : $"= {path}";

    static string Query(EdgePolicy policy) => policy.Query is null ? "$is_args$args" : string.Concat(policy.Query.Select(q => $"|$arg_{q}"));

    public override IReadOnlyList<VendorCommand> Purge(string target, IReadOnlyList<string> tags, IReadOnlyList<string> paths) =>
        Path.GetFullPath(target) is "/" or "" ? throw new UserErrorException("--cache-folder is /; name the folder of proxy_cache_path", ExitCode.Usage)
        : [new VendorCommand("find", Path.GetFullPath(target), "-type", "f", "-delete")];

    public override VendorCommand? Upload(string bucket, PublishedFile file) => null;
}
