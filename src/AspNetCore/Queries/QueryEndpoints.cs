using Fettle.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary><c>GET /fettle/queries</c> answers the recorded statements, <c>DELETE</c> forgets them.</summary>
internal static class QueryEndpoints
{
    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/queries", (IServiceProvider services) =>
        {
            var queries = services.GetService<Database>()?.Recorder.Snapshot() ?? [];
            return Results.Text(new RecordedQueryDocument { Queries = queries }.ToJson(), "application/json");
        });
        admin.MapDelete("/queries", (HttpContext context, IServiceProvider services, AuditLog audit) =>
        {
            services.GetService<Database>()?.Recorder.Clear();
            audit.Write(context, "queries", "recorder", "cleared");
            return Results.NoContent();
        });
    }
}
