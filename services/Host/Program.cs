using Fettle.Services.Host;

ParentWatch.Start();
return await HostCommandLine.RunAsync(args);
