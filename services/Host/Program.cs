using Fettle.Services.Host;

return await HostCommandLine.RunAsync(args);
