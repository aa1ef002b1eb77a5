document.title = "sample sample sample sample sample sample sample sample sample sample";
