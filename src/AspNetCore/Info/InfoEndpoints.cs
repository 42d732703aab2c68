using System.Reflection;
using System.Runtime.InteropServices;
using Fettle.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary><c>GET /fettle/info</c> and <c>GET /fettle/audit</c>.</summary>
internal static class InfoEndpoints
{
    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/info", (FettleOptions options, TimeProvider time, RequestWindow window, IServiceProvider services) =>
        {
            var database = services.GetService<Database>();
            return Results.Json(
                new ServiceInfo(
                    ServiceInfo.CurrentSchema,
                    options.ServiceName,
                    Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
                    Environment.ProcessId,
                    time.GetUtcNow() - window.Uptime,
                    RuntimeInformation.FrameworkDescription,
                    Environment.ProcessorCount,
                    database is null ? null : new DatabaseInfo(database.Engine.ToString().ToLowerInvariant(), database.Address.ToString())),
                FettleJson.Default.ServiceInfo);
        });
        admin.MapGet("/audit", (AuditLog audit) => Results.Json(audit.Snapshot(), FettleJson.Default.IReadOnlyListAuditEntry));
    }
}

/// <summary>The body of <c>GET /fettle/info</c> (docs/contracts.md).</summary>
internal sealed record ServiceInfo(
    string Schema, string Service, string Version, int Pid, DateTimeOffset StartedAt, string Runtime, int Processors, DatabaseInfo? Database)
{
    public const string CurrentSchema = "fettle.info/1";
}

/// <summary><c>Address</c> never holds a password.</summary>
internal sealed record DatabaseInfo(string Engine, string Address);
